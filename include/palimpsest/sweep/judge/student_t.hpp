// Student's t distribution (Boost.Math), in one place and apart from its headers: n normal values have
// (mean − µ)/(s/√n) of n − 1 degrees of freedom.
#pragma once

namespace palimpsest::sweep {

/// x with P(t ≤ x) = probability. probability in (0, 1), degrees > 0.
double student_quantile(double probability, double degrees);

/// P(|t| ≥ |x|). x may be infinite; degrees > 0.
double student_two_sided(double x, double degrees);

}  // namespace palimpsest::sweep
