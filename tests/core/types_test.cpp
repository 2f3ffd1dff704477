#include "palimpsest/core/types.hpp"

#include <gtest/gtest.h>

namespace palimpsest {
namespace {

TEST(ConfigurationError, IsOneLineWhateverTheValueHolds) {
  EXPECT_STREQ(ConfigurationError("S 'a\nb\x1b[31m\x7f é': no").what(), "S 'a b [31m  é': no");
}

}  // namespace
}  // namespace palimpsest
