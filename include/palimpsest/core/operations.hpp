// How many floating point operations something needs, counted from its formulas: +, −, ×, ÷, √, comparison, min and max
// are one each, an exponential is 25 (Eigen's: range reduction, a polynomial of degree 7, scaling), and so are a sine,
// a cosine and a hyperbolic tangent. An operation in double precision counts as two of single: half as many fit a
// register. Copies, gathers, random integers and what is computed twice count nothing.
//
// Each component states its own; pair/operations.hpp and train/operations.hpp add them up.
#pragma once

namespace palimpsest {

struct Operations {
  double forward = 0;
  double backward = 0;  ///< of the adjoint alone

  double both() const { return forward + backward; }
  bool operator==(const Operations&) const = default;
};

inline Operations operator+(Operations a, Operations b) { return {a.forward + b.forward, a.backward + b.backward}; }
inline Operations operator*(double n, Operations a) { return {n * a.forward, n * a.backward}; }

inline constexpr double kExponential = 25;
inline constexpr double kInDouble = 2;

}  // namespace palimpsest
