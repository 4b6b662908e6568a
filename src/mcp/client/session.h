// One session with a server over some transport: ids, calls, lists, progress, cancellation. Knows
// both eras; which one is settled before it is used.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "async/task_scope.h"
#include "mcp/client.h"
#include "mcp/client/transport.h"
#include "mcp/x_mcp_header.h"

namespace mcpo::mcp {

// Shared with what it runs; see make_client().
class Session final : public std::enable_shared_from_this<Session> {
 public:
  Session(async::Executor executor, std::shared_ptr<Transport> transport, ClientOptions options,
          Logger& log);
  void start();  // connects the transport's events; after make_shared

  // server/discover with `version`, without deciding anything.
  async::Task<Message> discover(std::string version, async::Deadline deadline);
  // The rest of a modern opening: `discovered` is the answer that settled it, if it was a result.
  void open_modern(std::string version, const Message& discovered);
  // initialize, notifications/initialized, and the unasked stream. Errors: corrupt (a version that
  // we do not speak), those of the transport.
  async::Task<void> open_legacy(async::Deadline deadline);

  async::Task<ToolList> list_tools(async::Deadline deadline);
  async::Task<CallReply> call_tool(std::string name, std::string arguments, CallOptions options);
  async::Task<void> ping(async::Deadline deadline);
  async::Task<void> close(async::Deadline deadline);
  void abandon();

  Era era() const { return era_; }
  const std::string& version() const { return version_; }
  const std::string& instance() const { return instance_; }
  bool alive() const { return death_.empty(); }
  const std::string& death_reason() const { return death_; }
  void on_tools_changed(std::function<void()> callback) { tools_changed_ = std::move(callback); }
  void on_death(std::function<void()> callback) { death_callback_ = std::move(callback); }

 private:
  async::Task<Message> request(std::string method, std::string params, http::Headers headers,
                               std::shared_ptr<Patience> patience);
  async::Task<Message> request_result(std::string method, std::string params,
                                      async::Deadline deadline);
  async::Task<Message> call_once(const std::string& name, const std::string& arguments,
                                 const CallOptions& options);
  async::Task<void> listen_modern();
  void cancel_upstream(const std::string& id, std::string_view reason);
  void take(Message message);
  void take_notification(const Message& message);
  void answer(const Message& request);
  void send_later(std::string text);
  std::string meta(const std::string& version, std::string_view further,
                   std::string_view progress_token) const;
  http::Headers modern_headers(const std::string& method, std::string_view name) const;
  http::Headers call_headers(const std::string& name, const std::string& arguments) const;
  void learn_headers(ToolPage& page);

  struct Progress {
    std::function<void(RawJson)> callback;
    std::shared_ptr<Patience> patience;
    Millis extends{0};
    async::Deadline at_most = async::Deadline::never();
  };

  async::Executor executor_;
  std::shared_ptr<Transport> transport_;
  ClientOptions options_;
  Logger& log_;
  Era era_ = Era::legacy;
  std::string version_;
  std::string instance_;
  bool tools_can_change_ = false;
  std::string death_;
  std::int64_t last_id_ = 0;
  std::map<std::string, Progress> progress_;                               // by token, as raw JSON
  std::map<std::string, std::vector<HeaderParameter>> header_parameters_;  // by tool
  std::function<void()> tools_changed_;
  std::function<void()> death_callback_;
  async::TaskScope scope_;
};

std::unique_ptr<Client> make_client(std::shared_ptr<Session> session);

}  // namespace mcpo::mcp
