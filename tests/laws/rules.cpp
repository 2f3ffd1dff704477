#include "laws/rules.hpp"

#include <gtest/gtest.h>

#include <variant>

#include "reference/random.hpp"

namespace palimpsest::laws {

using reference::PoisonedWindow;

std::vector<std::string> linear_rules() {
  std::vector<std::string> all;
  Rules<double>::for_each([&]<class R>() {
    if (!StateRule<R>) all.emplace_back(R::name);
  });
  return all;
}

RuleVariant make_rule(const std::string& name) {
  std::optional<RuleVariant> made;
  Rules<double>::for_each([&]<class R>() {
    if (R::name != name) return;
    if constexpr (TakesArgument<R>) {
      made = R(2);
    } else {
      R rule;
      if constexpr (requires { rule.ridge; }) rule.ridge = reference::kRidge;
      made = rule;
    }
  });
  return *made;
}

Traits traits(const RuleVariant& rule) {
  return std::visit([]<class R>(const R&) -> Traits { return {R::traits, {R::gates.begin(), R::gates.end()}}; }, rule);
}

Writes<double> writes(const Traits& is, Index p, Index L) {
  const auto uniform = [&](std::uint64_t number, Index rows, Index cols) -> M {
    Stream stream(8, Purpose::test, number);
    M x(rows, cols);
    for (double& entry : x.reshaped()) entry = 0.1 + 0.8 * stream.uniform<double>();
    return x;
  };
  Writes<double> drawn;
  for (std::size_t i = 0; i < is.gates.size(); ++i) {
    const Gate& gate = is.gates[i];
    M x = uniform(36 + i, gate.per_feature ? p : 1, gate.constant ? 1 : L);
    if (gate.name == "beta") x *= is.largest_strength();
    if (gate.constant) x.array() += gate.least > 0 ? gate.least : gate.start - 0.5;
    drawn.gates.push_back(x);
  }
  drawn.retrieval = 0.4 + uniform(35, L, 1).array();
  return drawn;
}

Writes<double> first(const Traits& is, const Writes<double>& writes, Index n) {
  Writes<double> some = writes;
  for (std::size_t i = 0; i < is.gates.size(); ++i)
    if (!is.gates[i].constant) some.gates[i] = writes.gates[i].leftCols(n);
  some.retrieval = writes.retrieval.head(n);
  return some;
}

reference::Gates gates_of(const Traits& is, const Writes<double>& writes, Index t) {
  reference::Gates gates;
  for (std::size_t i = 0; i < is.gates.size(); ++i)
    gates[std::string(is.gates[i].name)] = writes.gates[i].col(is.gates[i].constant ? 0 : t);
  return gates;
}

bool has_step(const RuleVariant& rule) {
  return std::visit(
      []<class R>(const R&) {
        return !R::traits.separable && requires(const double* k, Writes<double> writes) {
          R::step(k, Index(1), writes, Index(0));
        };
      },
      rule);
}

bool undivides(const RuleVariant& rule) {
  return std::visit([]<class R>(const R&) { return RuleInBlocks<R, double>; }, rule);
}

std::optional<WriteStep<double>> step(const RuleVariant& rule, const M& K, const Writes<double>& writes, Index t) {
  return std::visit(
      [&]<class R>(const R&) -> std::optional<WriteStep<double>> {
        if constexpr (requires { R::step(K.data(), K.rows(), writes, t); })
          return R::step(K.col(t).data(), K.rows(), writes, t);
        return std::nullopt;
      },
      rule);
}

void coefficients(const RuleVariant& rule, ConstMatrixView<double> K, const Writes<double>& writes,
                  ConstMatrixView<double> Q, MatrixView<double> C, Workspaces& work) {
  std::visit(
      [&]<class R>(const R& r) {
        auto& own = workspace<R>(work.rules);
        if constexpr (Rule<R, double>) {
          r.coefficients(K, writes, Q, C, own);
        } else if constexpr (RuleWithPositions<R, double>) {
          r.coefficients(K, writes, Q, {}, C, own);
        } else if constexpr (RuleOfFactors<R, double>) {
          r.factors(K, writes, work.factors);
          if (Q.cols() == 1)
            work.one.coefficients(work.factors, Q.col(0), C.col(0));
          else
            work.many.coefficients(work.factors, Q, {}, C, work.kept);
        }
      },
      rule);
}

void backward(const RuleVariant& rule, ConstMatrixView<double> K, const Writes<double>& writes,
              ConstMatrixView<double> Q, ConstMatrixView<double> C, ConstMatrixView<double> dC, Workspaces& work,
              MatrixView<double> dK, Writes<double>& dwrites, MatrixView<double> dQ) {
  std::visit(
      [&]<class R>(const R& r) {
        auto& own = workspace<R>(work.rules);
        if constexpr (Rule<R, double>) {
          r.backward(0, K, writes, Q, C, dC, own, dK, dwrites, dQ);
        } else if constexpr (RuleWithPositions<R, double>) {
          r.backward(K, writes, Q, {}, dC, own, dK, dwrites, dQ);
        } else if constexpr (RuleOfFactors<R, double>) {
          Factors<double> d = zero_like(work.factors);
          if (Q.cols() == 1)
            work.one.backward(work.factors, dC.col(0), d, dQ.col(0));
          else
            work.many.coefficients_backward(work.factors, dC, work.kept, d, dQ);
          dK.setZero();
          r.factors_backward(K, writes, d, dK, dwrites);
        }
      },
      rule);
}

void backward(const RuleVariant& rule, const M& K, const Writes<double>& writes, const M& Q, const M& dC,
              const Division<double>& division, M& dK) {
  std::visit(
      [&]<class R>(const R& r) {
        if constexpr (RuleInBlocks<R, double>) {
          typename R::Workspace work;
          M C(dC.rows(), dC.cols()), dQ = M::Zero(Q.rows(), Q.cols());
          r.coefficients(K, writes, Q, C, work);
          Writes<double> dwrites;
          dwrites.clear_like(writes);
          r.backward(0, K, writes, Q, C, dC, work, dK, dwrites, dQ, division);
        }
      },
      rule);
}

M coefficients(const RuleVariant& rule, const M& K, const Writes<double>& writes, const M& Q) {
  PoisonedWindow<double> C(K.cols(), Q.cols());
  Workspaces work;
  coefficients(rule, K, writes, Q, C.view(), work);
  EXPECT_TRUE(C.in_bounds());
  return C.value();
}

}  // namespace palimpsest::laws
