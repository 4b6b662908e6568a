// Lines out of bytes that arrive at any split, with a bound on one line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcpo::mcp {

class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

  struct Line {
    std::string text;       // without its line end
    bool too_long = false;  // then `text` is empty: its bytes were dropped
  };
  // The lines that `bytes` completes. Blank ones are left out.
  std::vector<Line> push(std::string_view bytes) {
    std::vector<Line> lines;
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      append(bytes.substr(0, end));
      if (end == std::string_view::npos) break;
      bytes.remove_prefix(end + 1);
      if (auto line = finish()) lines.push_back(std::move(*line));
    }
    return lines;
  }
  // What stands before the end of input without a line end.
  std::optional<Line> finish() {
    Line line{std::move(pending_), dropping_};
    pending_.clear();
    dropping_ = false;
    if (!line.too_long && line.text.find_first_not_of(" \t\r") == std::string::npos) {
      return std::nullopt;
    }
    return line;
  }

 private:
  void append(std::string_view part) {
    if (dropping_) return;
    if (pending_.size() + part.size() > max_line_bytes_) {
      dropping_ = true;
      pending_ = {};
      return;
    }
    pending_ += part;
  }

  std::size_t max_line_bytes_;
  std::string pending_;
  bool dropping_ = false;
};

}  // namespace mcpo::mcp
