// Structured log lines: a message and key-value fields, as text for people or one JSON object a
// line for machines. Nothing at info level or above may hold a secret or a call's parameters.
//
//   log.warn("server does not answer", {{"server", name}, {"cause", error.message}});
//
// Thread-safe; a line is written with one write(2).
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mcpo {

enum class LogLevel { debug, info, warning, error, critical };
enum class LogFormat { text, json };
enum class LogColor { never, always };

// DEBUG, INFO, WARNING, ERROR, CRITICAL in any case.
Result<LogLevel> parse_log_level(std::string_view text);

struct LogField {
  std::string_view key;
  std::string value;
  bool is_number = false;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  template <std::integral T>
  LogField(std::string_view k, T v) : key(k), value(std::to_string(v)), is_number(true) {}
};

class Logger {
 public:
  struct Options {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
    LogColor color = LogColor::never;
    int fd = 2;  // borrowed; stderr, because stdout belongs to MCP in stdio mode
  };

  explicit Logger(Options options);

  bool enabled(LogLevel level) const { return level >= options_.level; }
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

  void debug(std::string_view m, std::initializer_list<LogField> f = {}) {
    write(LogLevel::debug, m, f);
  }
  void info(std::string_view m, std::initializer_list<LogField> f = {}) {
    write(LogLevel::info, m, f);
  }
  void warn(std::string_view m, std::initializer_list<LogField> f = {}) {
    write(LogLevel::warning, m, f);
  }
  void error(std::string_view m, std::initializer_list<LogField> f = {}) {
    write(LogLevel::error, m, f);
  }

  // A logger that drops everything, for tests.
  static Logger& none();

 private:
  Options options_;
};

// Allows `burst` lines per `interval`, and says how many were held back when it opens again.
class LogRateLimit {
 public:
  LogRateLimit(int burst, std::int64_t interval_ms) : burst_(burst), interval_ms_(interval_ms) {}
  // nullopt: stay silent. Otherwise how many were suppressed since the last allowed one.
  struct Pass {
    bool allowed;
    std::int64_t suppressed;
  };
  Pass pass(std::int64_t now_ms);

 private:
  int burst_;
  std::int64_t interval_ms_;
  std::int64_t window_start_ms_ = 0;
  int used_ = 0;
  std::int64_t suppressed_ = 0;
};

}  // namespace mcpo
