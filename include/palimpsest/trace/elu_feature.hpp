// The feature of ELU+1, φ(x) = exp(x) for x ≤ 0 and x + 1 above, in formats of few bits (core/precision.hpp), as two
// programs compute it:
//   elu(x) + 1    elu(x) = exp(x) − 1 rounded, 1 added, rounded again: as published, and as written in PyTorch
//   exp(x)        the feature itself, rounded once: how kernel/elu.hpp computes it
// elu(x) is near −1 where x ≪ 0, and what distinguishes it from −1 is the feature. With s bits of significand, numbers
// below 1 are multiples of 2^−s, so that elu(x) + 1 is one of them: it is 0 from exp(x) ≤ 2^−(s+1) on, which is
// x ≤ −6.24 in bfloat16, −8.32 in float16 and −17.3 in float. exp(x) rounded once is off by 2^−s of itself at most,
// down to the least exponent.
// Source: Katharopoulos et al. 2020, "Transformers are RNNs", eq. 7, and the authors' code (fast_transformers,
// feature_maps/base.py); the analysis follows from the formats.
#pragma once

#include <string>

namespace palimpsest::trace {

/// Both features of x = −20, −19.875, …, 4, which all formats hold exactly, in every format shorter than double: CSV,
/// a header and a line per format and x.
std::string elu_features();

/// Its columns as a Markdown table.
std::string elu_features_schema();

}  // namespace palimpsest::trace
