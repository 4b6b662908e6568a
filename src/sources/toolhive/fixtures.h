// For tests: what a real ToolHive answered (tests/contract/toolhive).
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "base/json.h"

namespace mcpo::sources::toolhive {

struct Recording {
  int status = 0;
  std::string body;  // as it came over the wire
};

inline std::string recording_text(const std::string& name) {
  std::ifstream file(MCPO_SOURCE_DIR "/tests/contract/toolhive/" + name + ".json");
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline Recording recording(const std::string& name) {
  const std::string text = recording_text(name);
  const auto json = parse_json(text, {});
  const auto response = json ? json->find("response") : std::nullopt;
  const auto body = response ? response->find("body") : std::nullopt;
  const auto status = response ? response->find("status") : std::nullopt;
  EXPECT_TRUE(body && status) << name;
  if (!body || !status) return {};
  Recording out{.status = static_cast<int>(status->as_int64().value_or(0)), .body = ""};
  out.body = body->as_string().value_or(std::string(body->text()));
  return out;
}

inline std::string body_of(const std::string& name) { return recording(name).body; }

}  // namespace mcpo::sources::toolhive
