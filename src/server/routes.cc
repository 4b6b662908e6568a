#include "server/routes.h"

#include <utility>

#include "base/json.h"

namespace mcpo::server {
namespace {

http::Response json(int status, std::string body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

std::string error_body(std::string_view message) {
  JsonWriter w;
  w.begin_object().key("error").begin_object().member("message", message).end_object().end_object();
  return w.take();
}

}  // namespace

Routes::Routes(mcp::HttpEndpoint& endpoint, std::function<Health()> health)
    : endpoint_(endpoint), health_(std::move(health)) {}

async::Co<> Routes::handle(http::Request request, http::Peer peer, http::ResponseWriter& writer) {
  if (request.path() == kMcpPath) {
    co_await endpoint_.handle(std::move(request), std::move(peer), writer);
    co_return;
  }
  http::Response response = answer(request);
  (void)co_await writer.send(std::move(response));
}

http::Response Routes::answer(const http::Request& request) const {
  if (const int refused = endpoint_.check_origin(request); refused != 0) {
    return json(refused, error_body("this Host or Origin is not allowed; see --allowed-hosts and "
                                    "--allowed-origins"));
  }
  const std::string_view path = request.path();
  if (path != "/" && path != "/health" && path != "/ready") {
    return json(404, error_body("nothing is served here; MCP is at /mcp, health at /health"));
  }
  if (request.method != "GET" && request.method != "HEAD") {
    http::Response response = json(405, error_body("only GET is served here"));
    response.headers.add("Allow", "GET, HEAD");
    return response;
  }
  const Health health = health_();
  if (path != "/ready") return json(200, health_json(health));
  http::Response response = json(health.ready ? 200 : 503, ready_json(health));
  if (!health.ready) response.headers.add("Retry-After", "1");
  return response;
}

http::OnDisconnect Routes::on_disconnect(const http::Request& request) const {
  return request.path() == kMcpPath ? endpoint_.on_disconnect(request)
                                    : http::OnDisconnect::cancel_handler;
}

http::Response Routes::shape_error(int status, std::string message) const {
  return endpoint_.shape_error(status, message);
}

}  // namespace mcpo::server
