// An outside project: headers, a symbol of the library and its exception, all through find_package.
#include <iostream>

#include "palimpsest/train/point.hpp"

int main() {
  palimpsest::Configuration configuration;
  palimpsest::validate(configuration);
  configuration.kernel = "no_such_kernel";
  try {
    palimpsest::validate(configuration);
  } catch (const palimpsest::ConfigurationError& error) {
    std::cout << error.what() << '\n';
    return 0;
  }
  return 1;
}
