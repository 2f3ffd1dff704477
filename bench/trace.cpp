// Follows a fast weight state through a stream of writes: see --help, results/traces/ and results/README.md.
#include "palimpsest/trace/trace.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "main.hpp"
#include "palimpsest/core/file.hpp"
#include "palimpsest/core/precision.hpp"
#include "palimpsest/sweep/plan/parameter.hpp"

namespace {

constexpr auto examples = R"(
Examples:
  trace --T 1000 --values distinct --out rewritten.csv
  trace --kernel dpfp:1 --normalization sum --keys 100 --beta 0.5 --T 100000 --rows 100 --out many.csv
  trace --rule sum --precision bfloat16 --T 100000 --rows 100 --out bfloat16.csv
  trace --rule gated_delta --alpha 0.99 --draw unit --keys 20 --T 500 --out gated.csv
  trace --rule momentum_delta --gate theta=0.5 --gate eta=0.9 --normalization l2 --keys 20 --T 500 --out momentum.csv
  trace --rule mesa --gate ridge=1 --alpha 0.99 --normalization l2 --keys 20 --T 500 --precision bfloat16 --out mesa.csv
  sweep capacity --set replacement=true --set L=2S --axis kernel=elu --axis S=20 --set rule=delta --save-model models
  trace --model models/S=20,L=40,replacement=true,memory=fast_weight,kernel=elu,rule=delta,seed=1 --T 1000 --out trained.csv
`sweep --list` prints all kernels, rules and normalisations; any rule can be traced.)";

/// NAME=VALUE of --gate, beside --beta and --alpha. Throws ConfigurationError for anything else, or a gate given twice.
std::map<std::string, std::string> gates_of(const std::vector<std::string>& named, const std::string& beta,
                                            const std::string& alpha) {
  std::map<std::string, std::string> gates;
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!gates.emplace(name, value).second)
      throw palimpsest::ConfigurationError(fmt::format("gate '{}' is given twice", name));
  };
  if (!beta.empty()) add("beta", beta);
  if (!alpha.empty()) add("alpha", alpha);
  for (const auto& text : named) {
    const auto equals = text.find('=');
    if (equals == text.npos) throw palimpsest::ConfigurationError(fmt::format("--gate {} is not NAME=VALUE", text));
    add(text.substr(0, equals), text.substr(equals + 1));
  }
  return gates;
}

}  // namespace

int main(int argc, char** argv) {
  palimpsest::trace::Request request;
  std::filesystem::path out;
  std::string seed = fmt::format("{}", request.seed), beta, alpha;
  std::vector<std::string> gates;
  bool schema_only = false;
  CLI::App app(
      "Records what each write does to a fast weight memory: what it writes and removes, how accumulator and state "
      "grow, and what a format of fewer bits loses. One CSV row a write.",
      "trace");
  app.footer(examples);
  auto* model =
      app.add_option("--model", request.model, "keys, gates and components of a model that sweep --save-model kept")
          ->type_name("DIR");
  const auto random_only = [&](CLI::Option* option) { return option->excludes(model)->capture_default_str(); };
  random_only(app.add_option("--keys", request.keys, "random keys: how many; 1 is the rewritten key"))->type_name("N");
  random_only(
      app.add_option("--draw", request.draw, "random keys: 'normal', N(0, 1) entries, or 'unit', on the sphere"));
  random_only(app.add_option("--key-dim", request.key_dim, "random keys: d, their size"))->type_name("D");
  random_only(app.add_option("--values", request.values,
                             "random keys: number of one-hot values, or 'distinct', a new one a write"))
      ->type_name("N|distinct");
  app.add_option("--kernel", request.kernel, "feature map (default: the model's, or elu)");
  app.add_option("--rule", request.rule, "update rule (default: the model's, or delta)");
  app.add_option("--normalization", request.normalization, "normalisation (default: the model's, or attention)");
  app.add_option(
         "--gate", gates,
         "any gate of the rule, a number for all writes (default: as learnt by the model, or 1; what all writes "
         "share as it starts)")
      ->type_name("NAME=VALUE")
      ->take_all();
  app.add_option("--beta", beta, "write strength: --gate beta=VALUE");
  app.add_option("--alpha", alpha, "decay: --gate alpha=VALUE");
  app.add_option("-T,--T,--writes", request.writes, "number of writes")->capture_default_str()->type_name("T");
  app.add_option("--rows", request.rows, "record at most so many, at log-spaced t = 1 ... T (default: every write)")
      ->type_name("N");
  app.add_option("--precision", request.precision,
                 "of the recorded state: " + palimpsest::known<palimpsest::Precisions>() +
                     "; the last two are computed in float, and rounded to nearest even after every write")
      ->capture_default_str();
  app.add_option("--seed", seed, "of random keys and of the stream")->capture_default_str()->type_name("N");
  auto* to = app.add_option("--out", out, "the trace; replaced if it is there, once the trace is whole")
                 ->type_name("FILE.csv");
  app.add_flag("--schema", schema_only, "print the columns as Markdown");
  return palimpsest::run_main(argc, argv, app, [&] {
    if (schema_only) {
      fmt::print("{}", palimpsest::trace::schema());
      return 0;
    }
    if (!*to || out.empty()) throw palimpsest::ConfigurationError("where to? Give --out FILE.csv (--help)");
    palimpsest::Configuration checked;
    palimpsest::sweep::find_parameter("seed").set(checked, seed);
    request.seed = checked.seed;
    request.gates = gates_of(gates, beta, alpha);
    const auto csv = palimpsest::trace::trace(request);
    palimpsest::make_directory(out.parent_path());
    palimpsest::write_file(out, csv);
    if (!palimpsest::is_standard_output(out))
      fmt::print("{} rows; {}\n", std::count(csv.begin(), csv.end(), '\n') - 1, out.native());
    return 0;
  });
}
