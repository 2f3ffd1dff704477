#include "palimpsest/kernel/orthogonal_gaussian.hpp"

template palimpsest::Matrix<float> palimpsest::orthogonal_gaussian(Index, Index, Stream&);
