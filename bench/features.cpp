// Tabulates ELU+1 in formats of few bits, computed in two ways: see --help and results/traces/.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "main.hpp"
#include "palimpsest/core/file.hpp"
#include "palimpsest/trace/elu_feature.hpp"

namespace {

constexpr auto examples = R"(
Examples:
  features --out features.csv
  features --out /dev/stdout | grep '^bfloat16,-6,'
)";

}  // namespace

int main(int argc, char** argv) {
  std::filesystem::path out;
  bool schema_only = false;
  CLI::App app(
      "Tabulates the feature of ELU+1 over x in float, bfloat16 and float16, computed as elu(x) + 1, which rounds what "
      "is left of exp(x) away, and as exp(x).",
      "features");
  app.footer(examples);
  auto* to = app.add_option("--out", out, "the table; replaced if it is there")->type_name("FILE.csv");
  app.add_flag("--schema", schema_only, "print the columns as Markdown");
  return palimpsest::run_main(argc, argv, app, [&] {
    if (schema_only) {
      fmt::print("{}", palimpsest::trace::elu_features_schema());
      return 0;
    }
    if (!*to || out.empty()) throw palimpsest::ConfigurationError("where to? Give --out FILE.csv (--help)");
    const auto csv = palimpsest::trace::elu_features();
    palimpsest::make_directory(out.parent_path());
    palimpsest::write_file(out, csv);
    if (!palimpsest::is_standard_output(out))
      fmt::print("{} rows; {}\n", std::count(csv.begin(), csv.end(), '\n') - 1, out.native());
    return 0;
  });
}
