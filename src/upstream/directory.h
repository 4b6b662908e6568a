// How to reach each server, from the newest observation of this process. In memory only: specs hold
// secrets. Ingestion replaces it as a whole; the pool reads it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/ids.h"
#include "mcp/connection_spec.h"

namespace mcpo::upstream {

struct Route {
  std::string server_name;  // as shown to users
  mcp::ConnectionSpec spec;
  bool operator==(const Route&) const = default;
};

// On the I/O thread.
class Directory {
 public:
  const Route* find(ServerId server) const;
  // Calls `on_change` for every server whose route appeared, changed or went.
  void replace(std::map<ServerId, Route> routes);
  void on_change(std::function<void(ServerId)> callback) { on_change_ = std::move(callback); }
  const std::map<ServerId, Route>& routes() const { return routes_; }

 private:
  std::map<ServerId, Route> routes_;
  std::function<void(ServerId)> on_change_;
};

}  // namespace mcpo::upstream
