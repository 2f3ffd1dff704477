#include "palimpsest/sweep/judge/gate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sweep/error_of.hpp"
#include "sweep/scratch.hpp"

namespace palimpsest::sweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A gate on elu at S = 8; `bound` is `max = 0.1` or the like.
std::vector<Gate> gate(std::string_view bound, std::string_view more = "") {
  return parse_gates(fmt::format("[[gate]]\nname = 'elu'\ntier = 'quick'\nselect = {{kernel = 'elu', S = 8}}\nmetric = "
                                 "'final_loss'\nreason = 'r <&> \"r\"'\n{}\n{}\n",
                                 bound, more),
                     "g.toml");
}

class Gates : public testing::Test {
 protected:
  Table table(std::string_view rows) const {
    write(scratch / "rows.csv", "S,kernel,scale,seed,status,final_loss\n" + std::string(rows));
    return read_table(scratch / "rows.csv");
  }

  GateResult result(const std::vector<Gate>& gates, std::string_view rows) const {
    return check(gates, "quick", table(rows)).at(0);
  }

  Scratch scratch;
};

TEST_F(Gates, EveryRowThatMatchesMustPass) {
  const auto passed = result(gate("max = 0.1"), "8,elu,,1,ok,0.03\n8,elu,,2,ok,0.1\n9,elu,,1,ok,7\n8,relu,,1,ok,7\n");
  EXPECT_EQ(passed.problem, "") << "the bound itself passes";
  EXPECT_EQ(passed.rows, 2u);
  EXPECT_EQ(passed.worst, 0.1);
  EXPECT_EQ(passed.margin, 0);
  const auto missed = result(gate("max = 0.1"), "8,elu,,1,ok,0.25\n8,elu,,2,ok,0.1\n");
  EXPECT_EQ(missed.problem, "final_loss is 0.25");
  EXPECT_DOUBLE_EQ(*missed.margin, -0.15);
}

TEST_F(Gates, TheBestRowIsEnoughWhereItIsAskedFor) {
  const auto best = gate("max = 0.1", "best = true");
  const auto passed = result(best, "8,elu,,1,ok,0.25\n8,elu,,2,ok,0.0625\n8,elu,,3,diverged,\n");
  EXPECT_EQ(passed.problem, "");
  EXPECT_EQ(passed.worst, 0.0625);
  EXPECT_EQ(passed.rows, 3u);
  EXPECT_EQ(result(best, "8,elu,,1,ok,0.25\n8,elu,,2,ok,0.5\n").problem, "final_loss is 0.25");
  EXPECT_EQ(result(best, "8,elu,,1,diverged,\n").problem, "no row is ok");
  EXPECT_EQ(result(gate("max = 0.1", "best = false"), "8,elu,,1,ok,0.25\n8,elu,,2,ok,0.0625\n").problem,
            "final_loss is 0.25");
}

TEST_F(Gates, AMinimumAndAMaximumHoldTogether) {
  EXPECT_EQ(result(gate("min = 0.1\nmax = 0.5"), "8,elu,,1,ok,0.25\n").margin, 0.15);
  EXPECT_EQ(result(gate("min = 0.1\nmax = 0.5"), "8,elu,,1,ok,0.05\n").problem, "final_loss is 0.05");
  EXPECT_EQ(result(gate("min = 0.1\nmax = 0.5"), "8,elu,,1,ok,0.75\n").problem, "final_loss is 0.75");
}

TEST_F(Gates, MissingRowsAreRed) {
  EXPECT_EQ(result(gate("max = 1"), "9,elu,,1,ok,0\n").problem, "0 rows match, 1 needed");
  EXPECT_EQ(result(gate("max = 1", "rows = 3"), "8,elu,,1,ok,0\n8,elu,,2,ok,0\n").problem, "2 rows match, 3 needed");
}

TEST_F(Gates, DivergedSkippedAndEmptyRowsAreRed) {
  EXPECT_EQ(result(gate("max = 1"), "8,elu,,1,ok,0\n8,elu,,2,diverged,\n8,elu,,3,ok,0\n").problem,
            "line 3 is diverged");
  EXPECT_EQ(result(gate("max = 1"), "8,elu,,1,diverged,0\n").problem, "line 2 is diverged");
  EXPECT_EQ(result(gate("max = 1"), "8,elu,,1,skipped,\n").problem, "line 2 is skipped");
  EXPECT_EQ(result(gate("max = 1"), "8,elu,,1,ok,nan\n").problem, "line 2 has no final_loss");
  EXPECT_EQ(result(gate("max = 1"), "8,elu,,1,ok,\n").problem, "line 2 has no final_loss");
}

TEST_F(Gates, SelectorsAreWrittenAsTheResultsAre) {
  const auto gates = parse_gates(
      "[[gate]]\nname='a'\ntier='quick'\nmetric='x'\nreason='r'\nmax=1\nselect = {kernel = 'dpfp:02', learning_rate = "
      "1e-3, replacement = true, redraw = ''}",
      "g.toml");
  EXPECT_THAT(gates.at(0).select,
              testing::UnorderedElementsAre(testing::Pair("kernel", "dpfp:2"), testing::Pair("learning_rate", "0.001"),
                                            testing::Pair("replacement", "true"), testing::Pair("redraw", "")));
}

TEST_F(Gates, TextSaysWhatIsRedAndWhy) {
  const auto gates = gate("max = 0.1");
  const auto text = to_text(check(gates, "quick", table("8,elu,,1,ok,0.25\n")));
  EXPECT_THAT(text, AllOf(HasSubstr("RED"), HasSubstr("g.toml:1: elu (S=8 kernel=elu): final_loss is 0.25"),
                          HasSubstr("r <&>"), HasSubstr("1 gates: 0 green, 1 red")));
}

TEST_F(Gates, JUnitEscapesItsText) {
  const auto xml = to_junit(check(gate("max = 0.1"), "quick", table("8,elu,,1,ok,0.25\n")));
  EXPECT_THAT(xml, AllOf(HasSubstr("tests=\"1\" failures=\"1\""), HasSubstr("classname=\"gates.quick\" name=\"elu\""),
                         HasSubstr("<failure message=\"final_loss is 0.25\">r &lt;&amp;&gt; &quot;r&quot;</failure>")));
  EXPECT_THAT(to_junit(check(gate("max = 0.5"), "quick", table("8,elu,,1,ok,0.25\n"))),
              AllOf(HasSubstr("failures=\"0\""), testing::Not(HasSubstr("<failure"))));
}

TEST_F(Gates, AColumnThatTheResultsLackIsAnError) {
  const auto gates = parse_gates(
      "[[gate]]\nname='a'\ntier='quick'\nmetric='final_loss'\nreason='r'\nmax=1\nselect = {rule = 'sum'}", "g.toml");
  EXPECT_THAT(error_of([&] { check(gates, "quick", table("8,elu,,1,ok,0\n")); }),
              AllOf(HasSubstr("g.toml:1"), HasSubstr("no column 'rule'; it has: S, kernel")));
  EXPECT_THAT(error_of([&] { check(gates, "full", table("8,elu,,1,ok,0\n")); }),
              HasSubstr("no gate is of tier 'full'"));
}

struct Malformed {
  const char *toml, *message;
};

class MalformedGates : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedGates, AreNamedWithTheirLine) {
  EXPECT_THAT(error_of([] { parse_gates(GetParam().toml, "g.toml"); }), HasSubstr(GetParam().message));
}

#define PALIMPSEST_GATE "[[gate]]\nname='a'\ntier='quick'\nreason='r'\nmetric='x'\nselect={S=8}\n"
INSTANTIATE_TEST_SUITE_P(
    Gate, MalformedGates,
    testing::Values(Malformed{"[[gate", "g.toml:1:"}, Malformed{"\n[gates]", "g.toml:2: unknown key 'gates'"},
                    Malformed{"[gate]\nname='a'", "g.toml:1: 'gate' must be tables"},
                    Malformed{PALIMPSEST_GATE "maxx = 1", "g.toml:7: unknown key 'maxx'; known: name, tier"},
                    Malformed{PALIMPSEST_GATE, "g.toml:1: the gate needs 'min' or 'max'"},
                    Malformed{PALIMPSEST_GATE "max = 'x'", "g.toml:7: 'max' must be a finite number"},
                    Malformed{PALIMPSEST_GATE "max = nan", "g.toml:7: 'max' must be a finite number"},
                    Malformed{PALIMPSEST_GATE "max = 1\nmin = 2", "g.toml:1: min 2 is above max 1"},
                    Malformed{PALIMPSEST_GATE "max = 1\nrows = 0", "g.toml:8: 'rows' must be an integer from 1"},
                    Malformed{"[[gate]]\nname = 3", "g.toml:2: 'name' must be a string"},
                    Malformed{"[[gate]]\nname = 'a'", "g.toml:1: the gate needs 'metric'"},
                    Malformed{"[[gate]]\nselect = {S = 0}", "g.toml:2: S '0': allowed is an integer from 1"},
                    Malformed{"[[gate]]\nselect = {S = [1]}", "g.toml:2: select.S must be a string, a number"},
                    Malformed{"[[gate]]\nname='a'\ntier='slow'\nreason='r'\nmetric='x'\nselect={S=8}\nmax=1",
                              "g.toml:1: tier 'slow': allowed is quick, full, mqar_quick, state_tracking"},
                    Malformed{PALIMPSEST_GATE "max = 1\n" PALIMPSEST_GATE "max = 2",
                              "g.toml:8: tier 'quick' has two gates 'a'"}));
#undef PALIMPSEST_GATE

TEST(DeclaredGates, AreReadable) {
  EXPECT_GT(load_gates(PALIMPSEST_SOURCE_DIR "/bench/gates.toml").size(), 5u);
  EXPECT_THAT(error_of([] { load_gates("no/such.toml"); }), HasSubstr("'no/such.toml'"));
}

}  // namespace
}  // namespace palimpsest::sweep
