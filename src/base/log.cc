#include "base/log.h"

#include <unistd.h>

#include <algorithm>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

namespace mcpo {
namespace {

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "DEBUG";
    case LogLevel::info:
      return "INFO";
    case LogLevel::warning:
      return "WARNING";
    case LogLevel::error:
      return "ERROR";
    case LogLevel::critical:
      return "CRITICAL";
  }
  return "INFO";
}

std::string_view level_color(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "\033[2m";
    case LogLevel::info:
      return "";
    case LogLevel::warning:
      return "\033[33m";
    case LogLevel::error:
    case LogLevel::critical:
      return "\033[31m";
  }
  return "";
}

bool needs_quotes(std::string_view value) {
  return value.empty() || std::ranges::any_of(value, [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == 127;
         });
}

std::string text_line(WallTime now, LogLevel level, LogColor color, std::string_view message,
                      std::initializer_list<LogField> fields) {
  std::string out = to_rfc3339(now);
  const std::string_view paint = color == LogColor::always ? level_color(level) : "";
  out.append(" ").append(paint).append(level_name(level));
  out.append(5 - std::min<std::size_t>(5, level_name(level).size()), ' ');
  // A message or value from outside must not forge a line of its own.
  std::string plain = to_valid_utf8(message);
  std::ranges::replace_if(
      plain, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; }, ' ');
  out.append(" ").append(plain);
  if (!paint.empty()) out.append("\033[0m");
  for (const LogField& field : fields) {
    out.append(" ").append(field.key).append("=");
    if (needs_quotes(field.value)) {
      append_json_string(out, field.value);
    } else {
      out.append(to_valid_utf8(field.value));
    }
  }
  out.push_back('\n');
  return out;
}

std::string json_line(WallTime now, LogLevel level, std::string_view message,
                      std::initializer_list<LogField> fields) {
  JsonWriter w;
  w.begin_object().member("time", to_rfc3339(now)).member("level", level_name(level));
  w.member("message", message);
  for (const LogField& field : fields) {
    w.key(field.key);
    if (field.is_number) {
      w.raw(field.value);
    } else {
      w.string(field.value);
    }
  }
  w.end_object();
  return w.take() + "\n";
}

}  // namespace

Result<LogLevel> parse_log_level(std::string_view text) {
  for (LogLevel level :
       {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::critical}) {
    if (iequals_ascii(text, level_name(level))) return level;
  }
  return fail(Errc::invalid, "log level \"" + ellipsized(text, 40) +
                                 "\"; allowed are DEBUG, INFO, WARNING, ERROR and CRITICAL");
}

Logger::Logger(Options options) : options_(options) {}

void Logger::write(LogLevel level, std::string_view message,
                   std::initializer_list<LogField> fields) {
  if (!enabled(level) || options_.fd < 0) return;
  const WallTime now = SystemClock().wall_now();
  const std::string line = options_.format == LogFormat::json
                               ? json_line(now, level, message, fields)
                               : text_line(now, level, options_.color, message, fields);
  (void)!::write(options_.fd, line.data(), line.size());
}

Logger& Logger::none() {
  static Logger logger({.level = LogLevel::critical, .fd = -1});
  return logger;
}

LogRateLimit::Pass LogRateLimit::pass(std::int64_t now_ms) {
  if (now_ms - window_start_ms_ >= interval_ms_ || used_ == 0) {
    window_start_ms_ = now_ms;
    used_ = 0;
  }
  if (used_ >= burst_) {
    ++suppressed_;
    return {false, suppressed_};
  }
  ++used_;
  const std::int64_t held_back = suppressed_;
  suppressed_ = 0;
  return {true, held_back};
}

}  // namespace mcpo
