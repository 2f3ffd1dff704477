// The one reader of CSV files, by the files that the plots' reader reads too (tests/python/results_test.py).
#include "palimpsest/sweep/rows/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "palimpsest/sweep/judge/capacity_estimate.hpp"
#include "palimpsest/sweep/rows/csv.hpp"
#include "palimpsest/sweep/rows/row.hpp"
#include "sweep/error_of.hpp"
#include "sweep/scratch.hpp"

namespace palimpsest::sweep {
namespace {

using testing::HasSubstr;

const std::filesystem::path files = PALIMPSEST_SOURCE_DIR "/tests/files";

std::vector<std::vector<std::string>> cells(const std::filesystem::path& path) {
  const auto table = read_table(path);
  std::vector<std::vector<std::string>> all{table.columns};
  for (const auto& row : table.rows) all.push_back(row.fields);
  return all;
}

TEST(Reader, ReadsWhatOtherToolsWroteAsTheSameTable) {
  const auto plain = cells(files / "plain.csv");
  ASSERT_EQ(plain.size(), 4u);
  std::string text;  // plain.csv is canonical
  for (const auto& row : plain) text += csv_line(row) + "\n";
  EXPECT_EQ(text, read(files / "plain.csv"));
  for (const auto* name :
       {"byte_order_mark.csv", "blank_rows.csv", "no_last_line_end.csv", "quoted.csv", "rewritten.csv"})
    EXPECT_EQ(cells(files / name), plain) << name;
}

TEST(Reader, KnowsTheLineOfEachRow) {
  const auto rows = read_table(files / "blank_rows.csv").rows;
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].line, 2u);
  EXPECT_EQ(rows[1].line, 4u);
  EXPECT_EQ(rows[2].line, 7u);
}

TEST(Reader, RefusesWithTheLineAndColumn) {
  std::ifstream errors(files / "errors.txt");
  int checked = 0;
  for (std::string line; std::getline(errors, line); ++checked) {
    const auto name = line.substr(0, line.find(".csv") + 4);
    EXPECT_THAT(error_of([&] { read_table(files / name); }), HasSubstr(line)) << name;
  }
  EXPECT_EQ(checked, 12);
}

TEST(Reader, CommittedResultsAreCanonical) {
  for (const auto* name : {"capacity/capacity.csv", "capacity/published_2021.csv", "rules/rules.csv"}) {
    const auto path = std::filesystem::path(PALIMPSEST_SOURCE_DIR "/results") / name;
    std::string text;
    for (const auto& row : cells(path)) text += csv_line(row) + "\n";
    EXPECT_TRUE(text == read(path)) << name;
  }
}

TEST(Reader, WhatAProgramCalculatesWithMustBeThere) {
  Scratch scratch;
  write(scratch / "a.csv",
        "S,L,memory,kernel,rule,normalization,feature_dim,seed,status,final_loss,accuracy\n"
        "20,20,fast_weight,elu,sum,none,64,1,ok,,1\n");
  EXPECT_THAT(error_of([&] { estimate_capacity(read_table(scratch / "a.csv"), default_criteria()); }),
              HasSubstr("a.csv:2: final_loss is empty"));
}

TEST(Reader, AllCanonicalFormsAreTheirOwn) {
  EXPECT_EQ(canonical(Type::integer, "64.0"), "64");
  EXPECT_EQ(canonical(Type::integer, "-0"), "0");
  EXPECT_EQ(canonical(Type::integer, "1e3"), "1000");
  EXPECT_EQ(canonical(Type::integer, "9007199254740993"), "9007199254740993");  // no double
  for (const auto* text : {"2.5", "x", "", "1e400", "nan"}) EXPECT_EQ(canonical(Type::integer, text), text);
  EXPECT_EQ(canonical(Type::real, "1E-3"), "0.001");
  EXPECT_EQ(canonical(Type::real, "-nan"), "nan");
  EXPECT_EQ(canonical(Type::real, "Inf"), "inf");
  EXPECT_EQ(canonical(Type::boolean, "FALSE"), "false");
  EXPECT_EQ(canonical(Type::boolean, "0"), "0");
  EXPECT_EQ(canonical_cell("beta", "0.50"), "0.5");
  EXPECT_EQ(canonical_cell("kernel", "dpfp:03"), "dpfp:3");
  EXPECT_EQ(canonical_cell("L", "2S"), "2S");
  EXPECT_EQ(canonical_cell("somebody's", "64.0"), "64.0");
}

}  // namespace
}  // namespace palimpsest::sweep
