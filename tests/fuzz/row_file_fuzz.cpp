// A results file of any bytes, and of any bytes below the right header: read, repaired, put in order, read again.
#include <fcntl.h>
#include <unistd.h>

#include "fuzz/expect.hpp"
#include "palimpsest/sweep/rows/collection.hpp"
#include "palimpsest/sweep/rows/csv.hpp"
#include "palimpsest/sweep/rows/table.hpp"

namespace {

using namespace palimpsest;
using namespace palimpsest::sweep;

/// In a directory of the process's own; it goes away with it.
const std::filesystem::path& file() {
  struct Scratch {
    std::filesystem::path directory, file;
    Scratch() {
      std::string name = std::filesystem::temp_directory_path() / "palimpsest-fuzz-XXXXXX";
      fuzz::demand(::mkdtemp(name.data()), "no temporary directory");
      directory = name;
      file = directory / "rows.csv";
    }
    ~Scratch() {
      std::error_code error;
      std::filesystem::remove_all(directory, error);
    }
  };
  static const Scratch scratch;
  return scratch.file;
}

void write(std::string_view content) {
  const int descriptor = ::open(file().c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  fuzz::demand(descriptor >= 0, "the file can't be opened");
  fuzz::demand(::write(descriptor, content.data(), content.size()) == static_cast<ssize_t>(content.size()),
               "disk full");
  ::close(descriptor);
}

std::vector<std::string> texts(const RowFile& rows) {
  std::vector<std::string> all;
  for (const auto& row : rows.rows()) all.push_back(row.text);
  return all;
}

void read_it(std::string_view content) {
  static const auto points = plan(parse_specification("[axes]\nS = [20, 40]\nkernel = [\"elu\", \"dpfp:1\"]", "plan"));
  write(content);
  fuzz::accepts([&] {
    const auto table = read_table(file());
    for (const auto& row : table.rows) fuzz::accepts([&] { table.number(row, table.columns.size() - 1); });
  });
  std::vector<std::string> rows;
  const bool taken = fuzz::accepts([&] {
    RowFile opened(file(), values_schema(), Access::write);
    rows = texts(opened);
    fuzz::accepts([&] { Collection(points).add_values(opened); });
    opened.start();
  });
  if (!taken) return;
  RowFile repaired(file(), values_schema(), Access::write);
  fuzz::demand(!repaired.torn() && texts(repaired) == rows, "a repaired file holds other rows");
  for (const auto& row : repaired.rows()) {
    const auto again = csv_fields(csv_line(row.fields));
    fuzz::demand(again.has_value(), "a row that can't be read back");
    if (row.text.find('\r') == row.text.npos) fuzz::demand(*again == row.fields, "a row read back as another");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto content = fuzz::text(data, size);
  read_it(content);
  read_it(values_schema().header() + "\n" + std::string(content));
  return 0;
}
