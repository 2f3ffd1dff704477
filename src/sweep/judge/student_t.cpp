#include "palimpsest/sweep/judge/student_t.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace palimpsest::sweep {

double student_quantile(double probability, double degrees) {
  return boost::math::quantile(boost::math::students_t(degrees), probability);
}

double student_two_sided(double x, double degrees) {
  if (std::isinf(x)) return 0;
  return 2 * boost::math::cdf(boost::math::complement(boost::math::students_t(degrees), std::abs(x)));
}

}  // namespace palimpsest::sweep
