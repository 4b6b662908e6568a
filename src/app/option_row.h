// How one option's text becomes a member of Config: a row of the table in option_table.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"

namespace mcpo::app {

// The text of info.allowed is what the error says.
struct OptionRow {
  OptionInfo info;
  std::function<bool(Config&, const std::string&)> set;  // false: not allowed
};

std::optional<bool> to_bool(const std::string& text);
std::optional<std::int64_t> to_integer(const std::string& text);
std::string range_text(std::int64_t low, std::int64_t high, std::string_view unit);

template <class T>
OptionRow integer(OptionInfo info, T Config::* member, std::int64_t low, std::int64_t high,
                  std::string_view unit) {
  info.allowed = "a whole number, " + range_text(low, high, unit);
  return {std::move(info), [=](Config& config, const std::string& text) {
            const auto value = to_integer(text);
            if (!value || *value < low || *value > high) return false;
            config.*member = static_cast<T>(*value);
            return true;
          }};
}

OptionRow seconds(OptionInfo info, std::chrono::seconds Config::* member, std::int64_t low,
                  std::int64_t high);
// Seconds with a fraction.
OptionRow fraction_seconds(OptionInfo info, Millis Config::* member, double low, double high);
OptionRow fraction(OptionInfo info, double Config::* member, double low, double high);
OptionRow port(OptionInfo info, std::uint16_t Config::* member);
OptionRow boolean(OptionInfo info, bool Config::* member);
OptionRow list(OptionInfo info, std::vector<std::string> Config::* member);

template <std::string Config::* Member>
bool set_text(Config& config, const std::string& text) {
  if (text.empty()) return false;
  config.*Member = text;
  return true;
}

}  // namespace mcpo::app
