// A file of gates of any bytes; its first line is taken for a criterion, too.
#include "fuzz/expect.hpp"
#include "palimpsest/sweep/judge/criterion.hpp"
#include "palimpsest/sweep/judge/gate.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace palimpsest;
  using namespace palimpsest::sweep;
  const auto text = fuzz::text(data, size);
  fuzz::accepts([&] {
    const auto criterion = parse_criterion(text.substr(0, text.find('\n')));
    fuzz::demand(parse_criterion(to_text(criterion)) == criterion, "a criterion read back as another");
  });
  const Table results{
      "results.csv", {"kernel", "S", "final_loss"}, {{2, {"elu", "20", "0.25"}}, {3, {"dpfp:1", "20", "nan"}}}};
  fuzz::accepts([&] {
    const auto gates = parse_gates(text, "fuzz.toml");
    for (const auto tier : gate_tiers)
      fuzz::accepts([&] {
        const auto checked = check(gates, tier, results);
        fuzz::demand(!checked.empty() && !to_text(checked).empty() && !to_junit(checked).empty(),
                     "gates without a result");
      });
  });
  return 0;
}
