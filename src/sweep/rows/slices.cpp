#include "palimpsest/sweep/rows/slices.hpp"

#include <fmt/format.h>

#include "palimpsest/core/file.hpp"
#include "palimpsest/core/text.hpp"
#include "palimpsest/sweep/rows/collection.hpp"
#include "palimpsest/sweep/rows/csv.hpp"
#include "palimpsest/sweep/rows/row_file.hpp"

namespace palimpsest::sweep {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const auto to = std::min(text.find(separator, from), text.size());
    parts.emplace_back(text.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

}  // namespace

std::string slices_text(const std::vector<SliceScore>& slices) {
  std::string text;
  for (const auto& slice : slices)
    text += fmt::format("{}{}={}/{}/{}/{}", text.empty() ? "" : " ", slice.size, number_text(slice.accuracy),
                        slice.accuracy_error ? number_text(*slice.accuracy_error) : "",
                        number_text(slice.sequence_accuracy), number_text(slice.loss));
  return text;
}

std::filesystem::path slices_path(const std::filesystem::path& values) { return with_ending(values, ".slices.csv"); }

void write_slices(const std::filesystem::path& values, Family family) {
  const auto& [by_size, tested] = std::pair(traits(family).slices, traits(family).tested);
  if (by_size.empty()) return;
  std::string content;
  std::size_t slices = 0;
  {
    const auto& schema = values_schema(family);
    const RowFile file(values, schema, Access::read);
    std::vector<std::size_t> keys;
    std::vector<std::string> header;
    for (std::size_t i = 0; i < schema.columns().size(); ++i)
      if (schema.columns()[i].is_key) keys.push_back(i), header.emplace_back(schema.columns()[i].name);
    for (const std::string_view name : {tested, std::string_view("accuracy"), std::string_view("accuracy_error"),
                                        std::string_view("sequence_accuracy"), std::string_view("loss")})
      header.emplace_back(name);
    content = csv_line(header) + "\n";
    for (const auto& row : file.rows()) {
      if (row.fields[schema.at(by_size)].empty()) continue;
      std::vector<std::string> key;
      for (const auto i : keys) key.push_back(row.fields[i]);
      for (const auto& slice : split(row.fields[schema.at(by_size)], ' ')) {
        auto fields = key;
        const auto equals = slice.find('=');
        fields.push_back(slice.substr(0, equals));
        for (auto& value : split(std::string_view(slice).substr(equals + 1), '/')) fields.push_back(std::move(value));
        content += csv_line(fields) + "\n";
        ++slices;
      }
    }
  }
  if (slices > 0)
    write_file(slices_path(values), content);
  else
    std::filesystem::remove(slices_path(values));
}

}  // namespace palimpsest::sweep
