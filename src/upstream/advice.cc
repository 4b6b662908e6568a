#include "upstream/advice.h"

namespace mcpo::upstream {
namespace {

std::string command(std::string_view verb, std::string_view name, std::string_view option = "") {
  return "`thv " + std::string(verb) + " " + std::string(name) + std::string(option) + "`";
}

}  // namespace

std::string advice(const AdviceSubject& server, const Error& error) {
  if (error.code == Errc::timeout && error.cause == Cause::not_reached) {
    return "No connection to it came about, so nothing was sent; try again later";
  }
  const bool wants_login = error.http_status == 401 || error.http_status == 407;
  if (server.source == "config" && wants_login) return "Set them in its \"headers\"";
  if (server.source != "toolhive") return "";
  if (wants_login) {
    return "ToolHive, which runs it, has none that are valid: see " +
           command("logs", server.name, " --proxy") +
           "; a login or headers are given when a server is run";
  }
  if (error.cause == Cause::refused) {
    return "ToolHive calls it running, but its proxy has ended: " + command("stop", server.name) +
           ", then " + command("start", server.name) +
           " heals it; if it was just started anew, try again in a moment";
  }
  if (error.cause == Cause::no_route) {
    return "ToolHive, which runs it, has named no address for it that can be used since this "
           "program started: if ToolHive is away, start it (`thv serve`); /health says what is "
           "wrong";
  }
  if (error.http_status == 502) {
    return "ToolHive calls it running, but its upstream, behind ToolHive's proxy, does not answer: "
           "see " +
           command("logs", server.name, " --proxy") +
           "; it works again as soon as the upstream is back";
  }
  if (error.http_status == 503) {
    return "ToolHive may be renewing its login to it; wait a little, or see " +
           command("list", "--all");
  }
  if (server.transport == "sse" && error.http_status == 404) {
    return "ToolHive rewrites the path: its proxy sends every request to the path of the server's "
           "URL, so an SSE server whose URL ends in /sse cannot be called; run it again with its "
           "URL without a path";
  }
  return "";
}

}  // namespace mcpo::upstream
