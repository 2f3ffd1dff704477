// The message of the error that f() throws; a failure if it throws none or another kind.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "palimpsest/core/types.hpp"

namespace palimpsest::sweep {

template <class Error = ConfigurationError, class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

}  // namespace palimpsest::sweep
