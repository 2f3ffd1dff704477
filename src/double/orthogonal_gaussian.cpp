#include "palimpsest/kernel/orthogonal_gaussian.hpp"

template palimpsest::Matrix<double> palimpsest::orthogonal_gaussian(Index, Index, Stream&);
