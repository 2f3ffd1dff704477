#include "palimpsest/trace/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <variant>
#include <vector>

#include "palimpsest/core/npy.hpp"
#include "palimpsest/core/random.hpp"
#include "palimpsest/sweep/plan/parameter.hpp"
#include "palimpsest/sweep/run/saved.hpp"
#include "palimpsest/train/parts.hpp"

namespace palimpsest::trace {
Configuration point_of(const std::filesystem::path& model) {
  std::error_code error;
  if (!std::filesystem::is_directory(model, error))
    throw ConfigurationError(fmt::format("model '{}': no such directory", model.string()));
  const auto canonical = std::filesystem::canonical(model, error);
  const std::string name = canonical.filename().string();
  const auto point = sweep::saved_point(canonical);
  Configuration configuration = point ? point->configuration : Configuration();
  if (!point) try {
      for (std::size_t from = 0; from < name.size();) {
        const auto comma = std::min(name.find(',', from), name.size());
        const auto text = name.substr(from, comma - from);
        const auto equals = text.find('=');
        if (equals == text.npos) throw ConfigurationError(fmt::format("'{}' is not NAME=VALUE", text));
        sweep::find_parameter(text.substr(0, equals)).set(configuration, text.substr(equals + 1));
        from = comma + 1;
      }
    } catch (const ConfigurationError& reason) {
      throw ConfigurationError(fmt::format("model '{}' is not named after its point, as --save-model does: {}",
                                           model.string(), reason.what()));
    }
  if (!std::holds_alternative<FastWeight<float>>(make_memory(configuration)))
    throw ConfigurationError(fmt::format("model '{}': memory '{}' has no state of fixed size; known: {}",
                                         model.string(), configuration.memory, FastWeight<float>::name));
  return configuration;
}

template <class T>
void read_parameters(const std::filesystem::path& model, const std::vector<Parameter<T>*>& parameters) {
  for (auto* parameter : parameters) {
    const auto file = model / (parameter->name + ".npy");
    Matrix<float> stored = read_npy(file);
    if (parameter->one_column_a_key) stored.transposeInPlace();
    auto& value = parameter->value;
    if (stored.rows() != value.rows() || stored.cols() != value.cols())
      throw ConfigurationError(fmt::format("'{}' is {}×{}; {}×{} is needed", file.string(), stored.rows(),
                                           stored.cols(), value.rows(), value.cols()));
    value = stored.template cast<T>();
  }
}
template void read_parameters(const std::filesystem::path&, const std::vector<Parameter<float>*>&);
template void read_parameters(const std::filesystem::path&, const std::vector<Parameter<double>*>&);

TokenTables<float> trained_tables(const std::filesystem::path& directory, const Configuration& configuration) {
  std::vector<int> keys(static_cast<std::size_t>(configuration.S));
  std::iota(keys.begin(), keys.end(), 0);
  auto model = make_model(configuration, std::get<FastWeight<float>>(make_memory(configuration)));
  read_parameters(directory, model.parameters());
  TokenTables<float> tables;
  model.encode(keys, tables);
  return tables;
}

TokenTables<float> random_tables(Index N, Index d, Index n, bool unit, std::uint64_t seed) {
  Stream stream(seed, Purpose::trace, 0);
  TokenTables<float> tables;
  tables.key.resize(d, n * N);
  fill_normal<float>(stream, tables.key);
  if (unit) tables.key.colwise().normalize();
  tables.value.resize(d, 0);
  tables.query.resize(d, N);
  for (Index i = 0; i < N; ++i) tables.query.col(i) = tables.key.middleCols(i * n, n).rowwise().mean();
  return tables;
}

}  // namespace palimpsest::trace
