// One accepted connection: reads requests, hands them over one after the other, writes answers.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <memory>
#include <string>

#include "http/byte_stream.h"
#include "http/message_reader.h"
#include "http/server.h"

namespace mcpo::http {

// What connections share with their server.
struct ServerShare {
  ServerShare(ServerLimits l, Handler& h, Logger& lg) : limits(l), handler(h), log(lg) {}

  ServerLimits limits;
  Handler& handler;
  Logger& log;
  std::size_t requests_running = 0;
  bool stopping = false;   // no request after the one that runs
  bool abandoned = false;  // the handler may be gone
};

// Runs in one coroutine, the handler included; cancel() cancels that.
class Connection final {
 public:
  // idle: between requests; handling: somebody waits for an answer; streaming: an answer without
  // an end of its own.
  enum class Phase { idle, reading, handling, streaming, closing };

  // `share` outlives the connection.
  Connection(SocketStream::Socket socket, ServerShare& share);

  // Until the peer or a limit ends it. The connection outlives the coroutine.
  async::Task<void> run();
  // Answers the first request, whatever it is, with 503.
  async::Task<void> run_refusing();

  Phase phase() const { return phase_; }
  boost::asio::cancellation_slot cancel_slot() { return cancel_.slot(); }
  void cancel();
  void close() { stream_.close(); }

 private:
  class Writer;

  async::Task<bool> read_request();
  async::Task<void> handle_one();
  async::Task<void> run_handler(Request request, Writer& writer);
  async::Task<void> answer_fault(MessageReader::Fault fault);
  async::Task<void> refuse(int status, std::string_view message);
  async::Task<void> linger();
  void watch_peer(OnDisconnect policy);
  async::Deadline write_deadline() const;

  ServerShare& share_;
  SocketStream stream_;
  MessageReader reader_;
  boost::asio::cancellation_signal cancel_;
  std::string peer_address_;
  Phase phase_ = Phase::idle;
  bool keep_alive_ = true;
  bool head_only_ = false;  // the request that runs is a HEAD
};

}  // namespace mcpo::http
