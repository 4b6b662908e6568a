#include "server/health.h"

#include "base/json.h"

namespace mcpo::server {

std::string health_json(const Health& health) {
  JsonWriter w;
  w.begin_object().member("status", "ok").key("degraded").begin_array();
  for (const Degraded& one : health.degraded) {
    w.begin_object()
        .member("what", one.what)
        .member("since", to_rfc3339(one.since))
        .member("why", one.why)
        .end_object();
  }
  w.end_array()
      .member("version", health.version)
      .member_bool("ready", health.ready)
      .member("role", health.leading ? "leader" : "follower")
      .member_number("servers", static_cast<std::int64_t>(health.servers))
      .member_number("tools", static_cast<std::int64_t>(health.tools))
      .member_number("sessions", static_cast<std::int64_t>(health.sessions))
      .member_number("catalog_version", health.catalog_version)
      .key("search")
      .begin_object()
      .member("mode", health.search.mode)
      .member_number("texts_waiting", static_cast<std::int64_t>(health.search.texts_waiting))
      .member_number("texts_encoded", static_cast<std::int64_t>(health.search.texts_encoded))
      .end_object()
      .end_object();
  return w.take();
}

std::string ready_json(const Health& health) {
  JsonWriter w;
  w.begin_object().member_bool("ready", health.ready);
  if (!health.ready) w.member("reason", health.not_ready_reason);
  w.end_object();
  return w.take();
}

}  // namespace mcpo::server
