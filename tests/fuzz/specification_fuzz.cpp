// A sweep's TOML file of any bytes: read, written out, read back, planned.
#include "fuzz/planned.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace palimpsest;
  sweep::Specification specification;
  if (fuzz::accepts([&] { specification = sweep::parse_specification(fuzz::text(data, size), "fuzz.toml"); }))
    fuzz::plan_it(specification);
  return 0;
}
