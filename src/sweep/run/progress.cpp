#include "palimpsest/sweep/run/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>

namespace palimpsest::sweep {

std::string clock_text(double seconds) {
  const auto whole = static_cast<long>(std::lround(seconds));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

Progress::Progress(std::FILE* stream, std::size_t total, std::size_t done, double cost, bool open)
    : stream_(stream),
      terminal_(stream && ::isatty(::fileno(stream))),
      open_(open),
      total_(total),
      done_(done),
      cost_(cost) {}

Progress::~Progress() { clear(); }

void Progress::started(const Point& point) {
  ++running_;
  latest_ = label(point);
  show();
}

void Progress::finished(const Point& point) {
  --running_;
  ++done_;
  finished_cost_ += point.cost;
  latest_ = label(point);
  show();
}

void Progress::gave_up() { --running_; }

void Progress::note(const std::string& text) {
  if (!stream_) return;
  clear();
  std::fputs((text + "\n").c_str(), stream_);
}

std::string Progress::line(double elapsed) const {
  const auto width = fmt::format("{}", total_).size();
  auto text = fmt::format("[{:>{}}/{}{}] {} running, elapsed {}", done_, width, total_, open_ ? "+" : "", running_,
                          clock_text(elapsed));
  if (finished_cost_ > 0)
    text += fmt::format(", about {} left{}", clock_text(elapsed * (cost_ - finished_cost_) / finished_cost_),
                        open_ ? " of this round" : "");
  if (!latest_.empty()) text += fmt::format("  ({})", latest_);
  return text;
}

void Progress::show() {
  if (!terminal_) return;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  std::fputs(("\r\033[K" + line(elapsed.count())).c_str(), stream_);  // no exception: nothing hangs on it
  std::fflush(stream_);
}

void Progress::clear() {
  if (!terminal_) return;
  std::fputs("\r\033[K", stream_);
  std::fflush(stream_);
}

}  // namespace palimpsest::sweep
