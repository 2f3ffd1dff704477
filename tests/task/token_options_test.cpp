#include "palimpsest/task/token_options.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "palimpsest/task/draw.hpp"
#include "task/chi_square.hpp"

namespace palimpsest {
namespace {

template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "no error";
}

TEST(PairsMixture, IsReadAndWritten) {
  EXPECT_EQ(PairsMixture::parse("train_pairs", "4").members(), std::vector<Index>{4});
  EXPECT_EQ(PairsMixture::parse("train_pairs", "4 8 16").members(), (std::vector<Index>{4, 8, 16}));
  for (const std::string text : {"1", "4 8 16", "1 1000000000"}) {
    const auto mixture = PairsMixture::parse("train_pairs", text);
    EXPECT_EQ(mixture.text(), text);
    EXPECT_EQ(PairsMixture::parse("train_pairs", mixture.text()), mixture);
  }
  EXPECT_EQ(PairsMixture::parse("train_pairs", "  04  8 ").text(), "4 8") << "one way to write it";
  EXPECT_EQ(PairsMixture::parse("train_pairs", "4 8 16").largest(), 16);
}

TEST(PairsMixture, RefusesWhatIsNone) {
  for (const std::string text :
       {"", " ", "0", "-4", "4 0", "8 4", "4 4", "4,8", "4.5", "4x", "x", "1000000001", "99999999999999999999", "4\t8"})
    EXPECT_NE(error_of([&] { PairsMixture::parse("test_pairs", text); }), "no error") << text;
  EXPECT_EQ(error_of([] { PairsMixture::parse("test_pairs", "8 4"); }),
            "test_pairs '8 4': allowed are integers from 1 to 1000000000 in ascending order, as in '4' or '4 8 16'");
}

TEST(DrawMember, IsOfTheStreamAndEachAsOften) {
  std::vector<int> counts(3);
  for (std::uint64_t i = 0; i < 9000; ++i) {
    Stream stream(1, Purpose::training, i), same(1, Purpose::training, i);
    const auto member = draw_member(stream, 3);
    EXPECT_EQ(draw_member(same, 3), member);
    ++counts.at(member);
  }
  EXPECT_LT(chi_square_deviate(counts), most_deviate);
}

TEST(DrawMember, OneAloneDrawsNothing) {
  Stream stream(1, Purpose::training, 0), untouched(1, Purpose::training, 0);
  EXPECT_EQ(draw_member(stream, 1), 0u);
  EXPECT_EQ(stream(), untouched());
}

TEST(SequenceLength, IsReadResolvedAndWritten) {
  struct Case {
    std::string text;
    Index of_five_pairs;
    std::string written;
  };
  for (const auto& [text, tokens, written] : {Case{"64", 64, "64"},
                                              {"064", 64, "64"},
                                              {"4pairs", 20, "4pairs"},
                                              {"pairs", 5, "pairs"},
                                              {"1pairs", 5, "pairs"}}) {
    const auto length = SequenceLength::parse("length", text);
    EXPECT_EQ(length.resolve("length", 5), tokens);
    EXPECT_EQ(length.text(), written);
    EXPECT_EQ(SequenceLength::parse("length", written), length);
  }
  EXPECT_NE(SequenceLength::parse("length", "4"), SequenceLength::parse("length", "4pairs"));
}

TEST(SequenceLength, RefusesWhatIsNone) {
  for (const std::string text :
       {"", "0", "-1", "0pairs", "-4pairs", "4 pairs", "4pair", "pairs4", "4.5pairs", "1e3", "1000000001", "2S"})
    EXPECT_NE(error_of([&] { SequenceLength::parse("length", text); }), "no error") << text;
  EXPECT_EQ(error_of([] { SequenceLength::parse("length", "4pear"); }),
            "length '4pear': allowed is an integer from 1 to 1000000000, or a multiple of the pairs such as 'pairs' or "
            "'4pairs'");
  const auto long_one = SequenceLength::parse("length", "1000000pairs");
  EXPECT_EQ(long_one.resolve("length", 1000), 1'000'000'000);
  EXPECT_EQ(error_of([&] { long_one.resolve("length", 1001); }),
            "length '1000000pairs': with 1001 pairs that is above 1000000000");
}

}  // namespace
}  // namespace palimpsest
