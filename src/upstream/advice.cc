#include "upstream/advice.h"

namespace mcpo::upstream {
namespace {

bool says(const Error& error, std::string_view text) {
  return error.message.find(text) != std::string::npos;
}

std::string command(std::string_view verb, std::string_view name, std::string_view option = "") {
  return "`thv " + std::string(verb) + " " + std::string(name) + std::string(option) + "`";
}

}  // namespace

std::string advice(const AdviceSubject& server, const Error& error) {
  const bool wants_login = says(error, "HTTP 401");
  if (server.source == "config" && wants_login) return "Set them in its \"headers\"";
  if (server.source != "toolhive") return "";
  if (wants_login) {
    return "ToolHive, which runs it, has none that are valid: see " +
           command("logs", server.name, " --proxy") +
           "; a login or headers are given when a server is run";
  }
  if (says(error, "connection refused")) {
    return "ToolHive calls it running, but its proxy has ended: " + command("stop", server.name) +
           ", then " + command("start", server.name) +
           " heals it; if it was just started anew, try again in a moment";
  }
  if (says(error, "not known yet how to reach")) {
    return "ToolHive, which runs it, has named no address for it that can be used since this "
           "program started: if ToolHive is away, start it (`thv serve`); /health says what is "
           "wrong";
  }
  if (says(error, "HTTP 502")) {
    return "ToolHive calls it running, but its upstream, behind ToolHive's proxy, does not answer: "
           "see " +
           command("logs", server.name, " --proxy") +
           "; it works again as soon as the upstream is back";
  }
  if (says(error, "HTTP 503")) {
    return "ToolHive may be renewing its login to it; wait a little, or see " +
           command("list", "--all");
  }
  if (server.transport == "sse" && says(error, "HTTP 404")) {
    return "ToolHive rewrites the path: its proxy sends every request to the path of the server's "
           "URL, so an SSE server whose URL ends in /sse cannot be called; run it again with its "
           "URL without a path";
  }
  return "";
}

}  // namespace mcpo::upstream
