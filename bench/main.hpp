// What all programs share: how errors are said, streams that can't be written, and exit codes.
//   0   fine
//   1   the answer is no, or the work failed
//   2   wrong use
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// Takes the command line apart, does the work and gives its exit code. An error is one line on stderr. Output that stdout
/// or stderr didn't take is one, too; only if its reader has left does the program end as a pipe's writer does, by SIGPIPE,
/// but not before its work is done.
inline int run_main(int argc, char** argv, CLI::App& app, const std::function<int()>& work) {
  // A file opened in the place of a closed stream would be written to by whatever is printed.
  for (int stream = 0; stream <= 2; ++stream) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    [[maybe_unused]] const int opened = ::open("/dev/null", O_RDONLY);
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a full disk or a file-size limit is an error to report
  const auto complain = [&](const std::string& what, int code) {
    std::fputs((app.get_name() + ": " + what + "\n").c_str(), stderr);
    return code;
  };
  int status = 0, lost = 0;  // errno of stdout
  try {
    app.parse(argc, argv);
    status = work();
  } catch (const CLI::ParseError& error) {
    status = error.get_exit_code() == 0 ? app.exit(error) : complain(error.what(), 2);
  } catch (const ConfigurationError& error) {
    status = complain(error.what(), 2);
  } catch (const std::exception& error) {
    lost = std::ferror(stdout) ? errno : 0;
    status = lost ? 1 : complain(error.what(), 1);
  }
  if (std::fflush(stdout) != 0 && lost == 0) lost = errno;
  if (std::ferror(stdout) && lost == 0) lost = EIO;
  if (lost == EPIPE) {
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
  }
  if (lost != 0) status = std::max(complain(std::string("cannot write to stdout: ") + std::strerror(lost), 1), status);
  return std::ferror(stderr) ? std::max(status, 1) : status;
}

}  // namespace palimpsest
