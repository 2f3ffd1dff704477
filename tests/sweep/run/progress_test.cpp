#include "palimpsest/sweep/run/progress.hpp"

#include <gtest/gtest.h>

namespace palimpsest::sweep {
namespace {

Point point_of_cost(double cost) {
  auto point = plan(parse_specification("[baseline]\nS = 300", "test")).at(0);
  point.cost = cost;
  return point;
}

TEST(Progress, ClocksShowHoursOnlyWhereThereAreAny) {
  EXPECT_EQ(clock_text(0), "0:00");
  EXPECT_EQ(clock_text(7.4), "0:07");
  EXPECT_EQ(clock_text(59.6), "1:00");
  EXPECT_EQ(clock_text(250), "4:10");
  EXPECT_EQ(clock_text(3753), "1:02:33");
}

TEST(Progress, TimeLeftIsByCost) {
  Progress progress(nullptr, 240, 36, 50);
  EXPECT_EQ(progress.line(1), "[ 36/240] 0 running, elapsed 0:01");
  progress.started(point_of_cost(10));
  progress.started(point_of_cost(20));
  progress.finished(point_of_cost(10));
  EXPECT_EQ(progress.line(62), "[ 37/240] 1 running, elapsed 1:02, about 4:08 left  (elu S=300 L=20 seed 1)");
}

TEST(Progress, ASearchSaysThatMoreMayFollow) {
  Progress progress(nullptr, 40, 36, 50, true);
  progress.started(point_of_cost(10));
  progress.finished(point_of_cost(10));
  EXPECT_EQ(progress.line(62),
            "[37/40+] 0 running, elapsed 1:02, about 4:08 left of this round  (elu S=300 L=20 seed 1)");
}

TEST(Progress, IsSilentWhereThereIsNoTerminal) {
  std::FILE* file = std::tmpfile();
  {
    Progress progress(file, 2, 0, 2);
    progress.started(point_of_cost(1));
    progress.finished(point_of_cost(1));
  }
  EXPECT_EQ(std::ftell(file), 0);
  std::fclose(file);
}

TEST(Progress, NotesAreAlwaysWritten) {
  std::FILE* file = std::tmpfile();
  Progress(file, 2, 0, 2).note("hello");
  EXPECT_EQ(std::ftell(file), 6);
  std::fclose(file);
}

}  // namespace
}  // namespace palimpsest::sweep
