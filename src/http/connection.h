// One accepted connection: reads requests, hands them over one after the other, writes answers.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/parser.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "async/task_scope.h"
#include "base/clock.h"
#include "http/server.h"
#include "http/wire.h"

namespace mcpo::http {

// What connections share with their server.
struct ServerState {
  ServerLimits limits;
  Handler& handler;
  Logger& log;
  std::size_t requests_running = 0;
  bool stopping = false;
};

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  // `state` outlives the connection.
  Connection(boost::asio::ip::tcp::socket socket, ServerState& state);

  // Until the peer or a limit ends it. `cancel` cancels the coroutine that runs this.
  async::Task<void> run();
  void set_cancel(std::function<void()> cancel) { cancel_ = std::move(cancel); }

  // Called about once a second: ends what has taken too long. Cheap, so that no operation needs a
  // timer of its own.
  void check_deadline(SteadyTime now);
  // idle: between requests; handling: somebody waits for an answer; streaming: an answer without
  // an end of its own.
  enum class Phase { idle, reading, handling, streaming, closing };
  Phase phase() const { return phase_; }
  void cancel();
  void close();

 private:
  using Parser = boost::beast::http::request_parser<wire::PieceBody>;
  class Writer;
  friend class Writer;

  async::Task<bool> read_request(Parser& parser);
  async::Task<std::size_t> read_more();
  async::Task<void> read_body(Parser& parser);
  async::Task<void> handle_one(Parser& parser);
  async::Co<> refuse(int status, std::string message);
  async::Co<> drain();
  async::Task<void> write_all(std::string head, std::string body);
  void watch_peer(OnDisconnect on_disconnect);
  void unwatch_peer();
  void limit(Millis duration);

  boost::asio::ip::tcp::socket socket_;
  ServerState& state_;
  std::function<void()> cancel_;
  std::string buffer_;  // received, not yet parsed
  SteadyTime deadline_ = SteadyTime::max();
  Phase phase_ = Phase::idle;
  bool timed_out_ = false;
  bool peer_gone_ = false;
  bool watching_ = false;
  bool keep_alive_ = true;
};

}  // namespace mcpo::http
