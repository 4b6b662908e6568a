#include "app/commands.h"

#include <cstdio>

#include "base/json.h"

namespace mcpo::app {

void report_error(const Error& error, bool json) {
  std::fprintf(stderr, "mcp-optimizer: %s\n", error.message.c_str());
  if (!json) return;
  JsonWriter w;
  w.begin_object().key("error").begin_object();
  w.member("code", to_string(error.code)).member("message", error.message);
  w.end_object().end_object();
  std::puts(w.take().c_str());
}

}  // namespace mcpo::app
