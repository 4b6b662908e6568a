// For tests of the server role: features with a few tools, and an HTTP response without a socket.
#pragma once

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <string>
#include <vector>

#include "async/notifier.h"
#include "http/server.h"
#include "mcp/result_relay.h"
#include "mcp/server_features.h"

namespace mcpo::mcp {

// Tools: echo (its arguments as text), progress (two notifications first), wait (until release() or
// cancelled), fail (Errc::unavailable), throw, header (wants Mcp-Param-Region).
class FakeFeatures final : public ServerFeatures {
 public:
  explicit FakeFeatures(async::Executor executor) : released_(std::move(executor)) {}

  std::string list_tools(const RequestContext&) const override {
    return R"([{"name":"echo","description":"d","inputSchema":{"type":"object"}},)"
           R"({"name":"header","description":"d","inputSchema":{"type":"object","properties":)"
           R"({"region":{"type":"string","x-mcp-header":"Region"}}}}])";
  }
  bool has_tool(std::string_view name, const RequestContext&) const override {
    const std::vector<std::string_view> names{"echo", "progress", "wait",
                                              "fail", "throw",    "header"};
    return std::ranges::find(names, name) != names.end();
  }
  std::string unknown_tool_hint(std::string_view name, const RequestContext&) const override {
    return "Unknown tool: " + std::string(name) + ". Use find_tool.";
  }
  async::Task<ToolCallResult> call_tool(std::string name, RawJson arguments,
                                        RequestContext ctx) override {
    contexts.push_back(ctx);
    if (name == "throw") throw std::runtime_error("boom");
    if (name == "fail") co_return fail(Errc::unavailable, "no server");
    if (name == "progress" && !ctx.progress_token.empty()) {
      for (const char* value : {"1", "2"}) {
        ctx.back->notify("notifications/progress", R"({"progressToken":)" + ctx.progress_token +
                                                       R"(,"progress":)" + value + "}");
      }
    }
    if (name == "wait") {
      ++waiting;
      const std::uint64_t seen = released_.version();
      Result<void> released = co_await released_.wait_change(seen, async::Deadline::never());
      --waiting;
      if (!released) {
        ++cancelled;
        co_return std::unexpected(released.error());
      }
    }
    co_return ToolCallResult{R"({"content":[{"type":"text","text":)" +
                             json_string(arguments.text()) + "}]}"};
  }
  void release() { released_.notify_all(); }

  std::vector<RequestContext> contexts;  // of every call
  int waiting = 0;
  int cancelled = 0;

 private:
  async::Notifier released_;
};

// Records; `gone` makes every write fail as after a lost connection.
class RecordingWriter final : public http::ResponseWriter {
 public:
  async::Task<void> send(http::Response sent) override {
    begun_ = true;
    if (gone) co_return fail(Errc::unavailable, "gone");
    response = std::move(sent);
    ended = true;
    co_return Result<void>{};
  }
  async::Task<void> begin_stream(http::Response head) override {
    begun_ = true;
    if (gone) co_return fail(Errc::unavailable, "gone");
    response = std::move(head);
    streamed = true;
    co_return Result<void>{};
  }
  async::Task<void> write(std::string chunk) override {
    if (gone) co_return fail(Errc::unavailable, "gone");
    response.body += chunk;
    co_return Result<void>{};
  }
  async::Task<void> end_stream() override {
    ended = true;
    co_return Result<void>{};
  }
  bool begun() const override { return begun_; }

  http::Response response;
  bool streamed = false;
  bool ended = false;
  bool gone = false;

 private:
  bool begun_ = false;
};

}  // namespace mcpo::mcp
