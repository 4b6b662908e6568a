#include "app/option_row.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/text.h"

namespace mcpo::app {
namespace {

std::optional<double> to_number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(value)) return std::nullopt;  // from_chars reads "nan" and "inf"
  return value;
}

}  // namespace

std::optional<bool> to_bool(const std::string& text) {
  const std::string folded = ascii_lower(trim(text));
  for (const char* yes : {"true", "1", "yes", "on"}) {
    if (folded == yes) return true;
  }
  for (const char* no : {"false", "0", "no", "off"}) {
    if (folded == no) return false;
  }
  return std::nullopt;
}
std::optional<std::int64_t> to_integer(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}
std::string range_text(std::int64_t low, std::int64_t high, std::string_view unit) {
  return std::to_string(low) + " to " + std::to_string(high) +
         (unit.empty() ? "" : " " + std::string(unit));
}
OptionRow seconds(OptionInfo info, std::chrono::seconds Config::* member, std::int64_t low,
                  std::int64_t high) {
  info.allowed = "a whole number, " + range_text(low, high, "seconds");
  return {std::move(info), [=](Config& config, const std::string& text) {
            const auto value = to_integer(text);
            if (!value || *value < low || *value > high) return false;
            config.*member = std::chrono::seconds(*value);
            return true;
          }};
}
OptionRow fraction_seconds(OptionInfo info, Millis Config::* member, double low, double high) {
  info.allowed = "a number, " + fmt::format("{} to {} seconds", low, high);
  return {std::move(info), [=](Config& config, const std::string& text) {
            const auto value = to_number(text);
            if (!value || *value < low || *value > high) return false;
            config.*member = Millis(static_cast<std::int64_t>(*value * 1000));
            return true;
          }};
}

OptionRow fraction(OptionInfo info, double Config::* member, double low, double high) {
  info.allowed = "a number, " + fmt::format("{} to {}", low, high);
  return {std::move(info), [=](Config& config, const std::string& text) {
            const auto value = to_number(text);
            if (!value || *value < low || *value > high) return false;
            config.*member = *value;
            return true;
          }};
}

OptionRow port(OptionInfo info, std::uint16_t Config::* member) {
  return integer(std::move(info), member, 1, 65535, "");
}

OptionRow boolean(OptionInfo info, bool Config::* member) {
  info.allowed = "true or false";
  info.is_switch = true;
  return {std::move(info), [=](Config& config, const std::string& text) {
            const auto value = to_bool(text);
            if (value) config.*member = *value;
            return value.has_value();
          }};
}
OptionRow list(OptionInfo info, std::vector<std::string> Config::* member) {
  info.allowed = "a comma-separated list; * allows all";
  return {std::move(info), [=](Config& config, const std::string& text) {
            (config.*member).clear();
            for (std::string_view part : split(text, ',')) {
              if (!trim(part).empty()) (config.*member).emplace_back(trim(part));
            }
            return true;
          }};
}

}  // namespace mcpo::app
