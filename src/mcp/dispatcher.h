// One request of either era in, its JSON-RPC response text out. The only part of the server role
// that knows ServerFeatures; transports, sessions and headers are other parts' business.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "async/task.h"
#include "mcp/error_map.h"
#include "mcp/message.h"
#include "mcp/server_features.h"

namespace mcpo::mcp {

// What becomes of a request. Empty text: nothing may be answered (it was cancelled, S-72).
struct Answer {
  std::string text;
  int error_code = 0;  // JSON-RPC; 0: a result

  static Answer result(std::string_view id, std::string_view result_json);
  static Answer error(std::string_view id, const RpcError& error);
  static Answer none() { return {}; }
};

// {"name":...,"title":...,"version":...}
std::string server_info_json(const ServerInfo& info);

// A modern result gets resultType and serverInfo (S-4, S-5). `result` is one JSON object.
std::string stamp_modern(RawJson result, std::string_view server_info);

// What of a request belongs to its context. `client_capabilities` are the session's (legacy) or
// read from the request (modern).
RequestContext make_context(const Message& request, Era era, std::string_view version,
                            std::string client_capabilities, std::shared_ptr<BackChannel> back);

// On one executor. Borrows `features`.
class Dispatcher {
 public:
  Dispatcher(ServerFeatures& features, ServerInfo info);

  // tools/list, tools/call; legacy: ping, logging/setLevel; modern: server/discover. Everything
  // else is unknown here.
  async::Co<Answer> dispatch(Message request, RequestContext ctx);

  const ServerInfo& info() const { return info_; }
  const std::string& server_info() const { return server_info_; }  // as JSON
  ServerFeatures& features() { return features_; }

 private:
  Answer list_tools(const Message& request, const RequestContext& ctx) const;
  Answer discover(const Message& request) const;
  async::Co<Answer> call_tool(Message request, RequestContext ctx);

  ServerFeatures& features_;
  ServerInfo info_;
  std::string server_info_;
};

}  // namespace mcpo::mcp
