#include "palimpsest/trace/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "palimpsest/sweep/rows/csv.hpp"
#include "palimpsest/theory/rewritten_key.hpp"
#include "trace/carrier.hpp"

namespace palimpsest::trace {
namespace {

/// A recorded write.
struct Record {
  Index t;
  int key, value;
  Sight sight;
  std::optional<double> accumulator_norm, rounding_accumulator;
  double state_norm, contrast_before, contrast, query_contrast, loss;
  std::optional<double> mass, new_weight, old_before, old;
  double rounding_state, rounding_answer;
  std::optional<double> expected_written, expected_mass, expected_contrast;
};

double distance(const Vector<double>& y, int value) {
  const double squared = y.squaredNorm() + 1 - 2 * y(value);
  return squared <= 0 ? 0 : std::sqrt(squared);  // rounding may go below 0; NaN stays NaN
}

/// Relative to the double one; 0 of two zeros.
double relative(double difference, double size) { return difference == 0 ? 0 : difference / size; }

/// theory/rewritten_key.hpp, where it says something.
void expect(const Setup& setup, Record& record) {
  const auto& c = setup.configuration;
  if (setup.keys != 1 || setup.source == "trained" || c.rule != "delta") return;
  const auto fixed = setup.fixed.find(kBeta.name);
  const double beta = fixed == setup.fixed.end() ? 1 : fixed->second, squared_norm = record.sight.squared_norm;
  const bool accumulates = record.accumulator_norm.has_value();
  if (!accumulates && squared_norm > 1 + 1e-6) return;
  const Vector<double> w = accumulates ? theory::rewritten_attention_weights(record.t, beta)
                                       : theory::rewritten_sum_weights(record.t, beta, std::min(1.0, squared_norm));
  record.expected_written = w(record.t - 1);
  record.expected_mass = w.sum();
  if (setup.distinct) record.expected_contrast = std::sqrt(2 * theory::rewritten_loss(w));
}

/// The stream of writes, and which value a key holds.
class Writer {
 public:
  explicit Writer(const Setup& setup)
      : setup_(setup), stream_(setup.seed, Purpose::trace, 1), held_(static_cast<std::size_t>(setup.keys), -1) {}

  struct Written {
    int key, value, overwritten;  // −1: none
  };

  Written next(Index t) {
    const auto key = static_cast<int>(stream_.below(static_cast<std::uint32_t>(setup_.keys)));
    const int old = held_[static_cast<std::size_t>(key)];
    int value = 0;
    if (setup_.distinct) {
      value = static_cast<int>(t - 1);
    } else if (setup_.values > 1) {
      value = static_cast<int>(stream_.below(static_cast<std::uint32_t>(setup_.values - (old >= 0))));
      value += old >= 0 && value >= old;
    }
    held_[static_cast<std::size_t>(key)] = value;
    return {key, value, old == value ? -1 : old};
  }

  /// Value a key, −1 where it was never written.
  const std::vector<int>& held() const { return held_; }

 private:
  const Setup& setup_;
  Stream stream_;
  std::vector<int> held_;
};

template <class T, class Stored>
double recall_loss(Carrier<T, Stored>& carrier, const std::vector<int>& held) {
  double sum = 0, count = 0;
  for (std::size_t key = 0; key < held.size(); ++key) {
    if (held[key] < 0) continue;
    const double error = distance(carrier.answer(static_cast<int>(key)), held[key]);
    sum += 0.5 * error * error;
    ++count;
  }
  return sum / count;
}

std::string number(double x) { return std::isnan(x) ? "nan" : fmt::format("{:.9g}", x); }
std::string number(const std::optional<double>& x) { return x ? number(*x) : ""; }

struct Column {
  std::string_view name, meaning;
  std::function<std::string(const Setup&, Index p, const Record&)> text;
};

template <class F>
Column measured(std::string_view name, std::string_view meaning, F value) {
  return {name, meaning, [value](const Setup&, Index, const Record& r) { return number(value(r)); }};
}

template <class F>
Column chosen(std::string_view name, std::string_view meaning, F value) {
  return {name, meaning, [value](const Setup& s, Index, const Record&) { return fmt::format("{}", value(s)); }};
}

Column gate(std::string_view name, std::string_view meaning) {
  return {name, meaning, [=](const Setup& s, Index, const Record& r) {
            const int at = index_of(s.gates, name);
            return at < 0 ? "" : number(r.sight.gates[static_cast<std::size_t>(at)]);
          }};
}

std::string other_gates(const Setup& setup, Index, const Record& record) {
  std::string all;
  for (std::size_t i = 0; i < setup.gates.size(); ++i)
    if (const auto name = setup.gates[i].name; name != kBeta.name && name != kAlpha.name)
      all += fmt::format("{}{}={}", all.empty() ? "" : " ", name, number(record.sight.gates[i]));
  return all;
}

const std::vector<Column>& columns() {
  using S = const Setup&;
  using R = const Record&;
  static const std::vector<Column> all = {
      chosen("source", "where keys come from: random `normal` or `unit` vectors, or `trained`",
             [](S s) { return s.source; }),
      chosen("keys", "N, number of keys; each write has one at random", [](S s) { return s.keys; }),
      chosen("values", "number of one-hot values", [](S s) { return s.values; }),
      chosen("key_dim", "d, size of a key before the feature map", [](S s) { return s.configuration.key_dim; }),
      chosen("kernel", "feature map", [](S s) { return s.configuration.kernel; }),
      {"feature_dim", "p", [](S, Index p, R) { return fmt::format("{}", p); }},
      chosen("rule", "how a write changes the state", [](S s) { return s.configuration.rule; }),
      chosen("normalization", "how keys, queries and read-out are normalised",
             [](S s) { return s.configuration.normalization; }),
      chosen(
          "precision",
          "of the state that is recorded: `float`, `double`, or `bfloat16` or `float16`, computed in float and rounded "
          "after every write",
          [](S s) { return std::visit([]<class P>(const P&) { return P::name; }, s.precision); }),
      chosen("seed", "of keys and stream; of a trained model, of the stream", [](S s) { return s.seed; }),
      {"t", "number of the write, from 1", [](S, Index, R r) { return fmt::format("{}", r.t); }},
      {"key", "the key written", [](S, Index, R r) { return fmt::format("{}", r.key); }},
      {"value", "the value written", [](S, Index, R r) { return fmt::format("{}", r.value); }},
      gate("beta", "write strength β as used; empty of a rule without one"),
      gate("alpha", "decay α, likewise; of one per feature the mean"),
      measured("key_squared_norm", "‖k‖² of the key, mapped and normalised", [](R r) { return r.sight.squared_norm; }),
      measured("accumulator_mass",
               "z·k after the write, z the sum of all keys so far; empty of a normalisation without one",
               [](R r) { return r.sight.accumulator_mass; }),
      measured("accumulator_norm", "‖z‖", [](R r) { return r.accumulator_norm; }),
      measured("state_norm", "‖W‖_F; of `rls` and `mesa`, W = H (G + Λ)⁻¹", [](R r) { return r.state_norm; }),
      measured("written", "share of the new value in what its key retrieves right after the write",
               [](R r) { return r.sight.written; }),
      measured("removed",
               "1 − kept: share that the write takes from what the key retrieved before; balanced if it is `written`",
               [](R r) { return 1 - r.sight.kept; }),
      measured(
          "mass",
          "total weight of all values in that answer; this and the next three are empty of `fwm2021`, whose answers "
          "are no sums of values",
          [](R r) { return r.mass; }),
      measured("new_weight", "weight of the new value in it", [](R r) { return r.new_weight; }),
      measured("old_weight_before", "weight of the overwritten value before the write; empty if there was none",
               [](R r) { return r.old_before; }),
      measured("old_weight", "what is left of it after the write", [](R r) { return r.old; }),
      measured("contrast_before", "‖v − y‖ of the value to be written and what its key retrieves before",
               [](R r) { return r.contrast_before; }),
      measured("contrast", "‖v − y‖ right after the write: 0 if the value is retrieved exactly",
               [](R r) { return r.contrast; }),
      measured("query_contrast", "the same asked by the query of the key, which a trained model has apart from the key",
               [](R r) { return r.query_contrast; }),
      measured("loss", "mean over all keys written so far of ½‖v − y‖², v their latest value, asked by query",
               [](R r) { return r.loss; }),
      measured("rounding_state",
               "‖W_r − W_double‖/‖W_double‖ of two states that saw the same stream; W_r in `precision`, or in float if "
               "that is `double`",
               [](R r) { return r.rounding_state; }),
      measured("rounding_accumulator", "the same of z", [](R r) { return r.rounding_accumulator; }),
      measured("rounding_answer", "the same of what the key retrieves", [](R r) { return r.rounding_answer; }),
      measured("expected_written", "closed form of `written`: a single random key under the delta rule",
               [](R r) { return r.expected_written; }),
      measured("expected_mass", "closed form of `mass`, there", [](R r) { return r.expected_mass; }),
      measured("expected_contrast", "closed form of `contrast`, there and if every value is new",
               [](R r) { return r.expected_contrast; }),
      {"gates",
       "the rule's other gates as used, `NAME=VALUE`, of one per feature the mean; empty of a rule without any",
       other_gates},
  };
  return all;
}

/// The trace with the state in Recorded recorded.
template <class Recorded>
std::string follow(const Setup& setup) {
  constexpr bool records_double = std::is_same_v<Recorded, double>;
  Carrier<double> in_double(setup);
  Carrier<float, std::conditional_t<records_double, float, Recorded>> shorter(setup);
  Writer writer(setup);
  std::vector<std::string> fields;
  for (const auto& column : columns()) fields.emplace_back(column.name);
  std::string csv = sweep::csv_line(fields) + "\n";
  auto row = setup.rows.begin();
  for (Index t = 1; t <= setup.writes; ++t) {
    const auto [key, value, old] = writer.next(t);
    if (t < *row) {
      in_double.write(key, value, nullptr);
      shorter.write(key, value, nullptr);
      continue;
    }
    ++row;
    Sight of_double, of_shorter;
    in_double.write(key, value, &of_double);
    shorter.write(key, value, &of_shorter);
    const Matrix<double>& W_double = in_double.state().W();
    const Vector<double>& z_double = in_double.state().z();
    const Matrix<double> W = shorter.state().W().template cast<double>();
    const Vector<double> z = shorter.state().z().template cast<double>();
    Record record;
    record.t = t;
    record.key = key;
    record.value = value;
    record.rounding_state = relative((W - W_double).norm(), W_double.norm());
    if (shorter.state().accumulates()) {
      record.accumulator_norm = records_double ? z_double.norm() : z.norm();
      record.rounding_accumulator = relative((z - z_double).norm(), z_double.norm());
    }
    record.rounding_answer = relative((of_shorter.after - of_double.after).norm(), of_double.after.norm());
    record.state_norm = records_double ? W_double.norm() : W.norm();
    record.loss = records_double ? recall_loss(in_double, writer.held()) : recall_loss(shorter, writer.held());
    record.sight = records_double ? std::move(of_double) : std::move(of_shorter);
    record.contrast_before = distance(record.sight.before, value);
    record.contrast = distance(record.sight.after, value);
    record.query_contrast = distance(record.sight.asked, value);
    if (setup.sums_values) {
      record.mass = record.sight.after.sum();
      record.new_weight = record.sight.after(value);
    }
    if (setup.sums_values && old >= 0) {
      record.old_before = record.sight.before(old);
      record.old = record.sight.after(old);
    }
    expect(setup, record);
    fields.clear();
    for (const auto& column : columns()) fields.push_back(column.text(setup, in_double.feature_dim(), record));
    csv += sweep::csv_line(fields) + "\n";
  }
  return csv;
}

}  // namespace

std::string trace(const Request& request) {
  const Setup setup = resolve(request);
  return std::visit([&]<class P>(const P&) { return follow<typename P::Stored>(setup); }, setup.precision);
}

std::string schema() {
  std::string table = "| column | meaning |\n|---|---|\n";
  for (const auto& column : columns()) table += fmt::format("| `{}` | {} |\n", column.name, column.meaning);
  return table;
}

}  // namespace palimpsest::trace
