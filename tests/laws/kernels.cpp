#include "laws/kernels.hpp"

namespace palimpsest::laws {

using M = Matrix<double>;

bool contracts(const KernelVariant& kernel) {
  return ask(kernel, []<class K>(const K&) { return ContractingKernel<K, double>; });
}

bool factors(const KernelVariant& kernel) {
  return ask(kernel, []<class K>(const K&) { return K::traits.factors; });
}

bool lifts(const KernelVariant& kernel) {
  return ask(kernel, []<class K>(const K&) { return LiftingKernel<K, double>; });
}

Index lifted_dim(const KernelVariant& kernel, Index d) {
  return ask(kernel, [&](const auto& k) { return palimpsest::lifted_dim<double>(k, d); });
}

M lifted(const KernelVariant& kernel, const M& x) {
  return ask(kernel, [&](const auto& k) { return palimpsest::lifted<double>(k, x); });
}

void forward(const KernelVariant& kernel, In x, Out phi) {
  ask(kernel, [&](const auto& k) { k.forward(x, phi); });
}

void backward(const KernelVariant& kernel, In x, In phi, In dphi, Out dx) {
  ask(kernel, [&](const auto& k) { k.backward(x, phi, dphi, dx); });
}

bool forgets_features(const KernelVariant& kernel) {
  return ask(kernel, []<class K>(const K&) { return K::traits.forgets_features; });
}

// These do nothing with a kernel that lacks them.

/// phi: p×n from lifted tokens.
M up_to_scale(const KernelVariant& kernel, const M& x) {
  M phi(ask(kernel, [&](const auto& k) { return k.feature_dim(x.rows()); }), x.cols());
  ask(kernel, [&]<class K>(const K& k) {
    if constexpr (ScalableKernel<K, double>) k.forward_up_to_scale(x, phi);
  });
  return phi;
}

void lift(const KernelVariant& kernel, In x, Out lifted) {
  ask(kernel, [&]<class K>(const K& k) {
    if constexpr (LiftingKernel<K, double>) k.lift(x, lifted);
  });
}

void lift_backward(const KernelVariant& kernel, In dlifted, Out dx) {
  ask(kernel, [&]<class K>(const K& k) {
    if constexpr (LiftingKernel<K, double>) k.lift_backward(dlifted, dx);
  });
}

void contract(const KernelVariant& kernel, In x, ConstVectorView<double> u, VectorView<double> c) {
  ask(kernel, [&]<class K>(const K& k) {
    if constexpr (ContractingKernel<K, double>) k.contract(x, u, c);
  });
}

void contract_backward(const KernelVariant& kernel, In x, ConstVectorView<double> u, ConstVectorView<double> dc, Out dx,
                       VectorView<double> du) {
  ask(kernel, [&]<class K>(const K& k) {
    if constexpr (ContractingKernel<K, double>) k.contract_backward(x, u, dc, dx, du);
  });
}

void learn(KernelVariant& kernel, In x, In dlifted) {
  ask(kernel, [&]<class K>(K& k) {
    if constexpr (LearntKernel<K, double>) {
      k.lift_learn(x, dlifted);
      k.learn(dlifted);
    }
  });
}

}  // namespace palimpsest::laws
