#pragma once

namespace mcpo::app {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace mcpo::app
