// Slow and obvious versions of the library's mathematics, by another method: the state is carried write by write, every
// token is formed in full, and a gradient is a central difference. Nothing here is tuned; it is what the rest must
// agree with. Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), sections 3 and 6.1.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reference/kernels.hpp"

namespace palimpsest::reference {

/// V: S×L, column t is the unit vector of values[t].
Matrix<double> one_hot(const std::vector<int>& values, Index S);

/// x = [v; E(key)] of size S + e; E: e×S.
Vector<double> token(const Matrix<double>& E, Index S, int key, int value);

/// K: d×L, k_t = W_k x_t + b_k from whole tokens; W_k: d×(S+e).
Matrix<double> project_tokens(const Matrix<double>& E, const Matrix<double>& W_k, const Matrix<double>& b_k, Index S,
                              const std::vector<int>& keys, const std::vector<int>& values);

/// A key or query as a normalisation maps it; ε guards queries, keys have none. By the definitions, one token at a
/// time.
Vector<double> normalized(std::string_view normalization, const Vector<double>& x, double epsilon);

/// Whether it divides a token's scale out again, so that only ε knows it.
bool is_scale_free(std::string_view normalization);

/// λ of the rule rls in tests: large enough that what is compared isn't rounding divided by λ.
inline constexpr double kRidge = 0.1;

/// Gates of one write by name: a number each, or one per feature. One that isn't named is 1.
using Gates = std::map<std::string, Vector<double>, std::less<>>;

/// The state of a fast weight memory: W (d_v×p) and z (p), changed by one write at a time. Keys and queries come after
/// the feature map and before normalisation.
class State {
 public:
  State(std::string_view rule, std::string_view normalization, Index d_v, Index p, double epsilon_of_queries = 1e-6);

  void write(const Vector<double>& raw, const Vector<double>& v, const Gates& gates = {});
  Vector<double> read(const Vector<double>& raw) const;

 private:
  std::string rule_, normalization_;
  bool accumulates_, first_ = true;
  double epsilon_of_queries_;
  Matrix<double> W_;
  Vector<double> z_;
  Matrix<double> G_;      // rls: K Kᵀ + λ I; mesa: G + Λ
  Matrix<double> ridge_;  // mesa: Λ
  Matrix<double> M_;      // momentum_delta
};

/// A sequence in full: whole keys (d×L) and queries (d×N) before the feature map, values V (d_v×L), and the gates of
/// the writes (L, or none).
struct Sequence {
  Matrix<double> keys, V, queries;
  std::vector<Gates> gates{};
};

/// Y: d_v×N. Features that are known up to a factor come so where the normalisation takes it out, and queries without ε.
Matrix<double> fast_weight(const KernelVariant& kernel, std::string_view rule, std::string_view normalization,
                           const Sequence& sequence);

/// Y: d_v×N, y_n = Σ_t v_t exp(k_t·q_n/√d) / Σ_t exp(k_t·q_n/√d).
Matrix<double> softmax_attention(const Sequence& sequence);

/// ∂f/∂x, f a number that reads x anew at every call. In double with f, x ~ 1 the error is about h²f'''/6 + 1e-16 f/h,
/// at h = 1e-5 some 1e-10 of the gradient.
Matrix<double> central_differences(const std::function<double()>& f, Matrix<double>& x, double h = 1e-5);

}  // namespace palimpsest::reference
