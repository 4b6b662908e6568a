#include "http/client.h"

#include <boost/asio/this_coro.hpp>

#include "base/text.h"
#include "http/connection_pool.h"
#include "http/connector.h"
#include "http/message_reader.h"
#include "http/message_writer.h"

namespace mcpo::http {
namespace {

namespace asio = boost::asio;

// One request and its answer on one connection, which goes back to the pool after the answer's end.
class Exchange final : public BodyReader {
 public:
  Exchange(std::shared_ptr<ConnectionPool> pool, std::string origin,
           std::unique_ptr<ByteStream> stream, std::size_t max_header_bytes)
      : pool_(std::move(pool)),
        origin_(std::move(origin)),
        stream_(std::move(stream)),
        reader_(MessageReader::Role::response, {.max_header_bytes = max_header_bytes}) {}

  // Up to the end of the answer's head. The views are the caller's until it returns.
  async::Task<void> run(std::string_view method, std::string_view head, std::string_view body,
                        async::Deadline deadline) {
    Result<void> written = co_await stream_->write(head, body, deadline);
    was_sent_ = written.has_value();
    if (!written && written.error().code != Errc::unavailable) co_return written;
    // A server may answer, 413 perhaps, and close before it has read the whole request.
    Result<void> answered = co_await read_head(method, deadline);
    if (!answered && !written) co_return written;
    co_return answered;
  }

  async::Task<std::string> read_some(async::Deadline deadline) override {
    CO_CHECK_OK(co_await async::check_cancelled());
    while (true) {
      std::string piece = reader_.take_body();
      finish_if_done();
      if (!piece.empty() || reader_.stage() == MessageReader::Stage::done) co_return piece;
      CO_CHECK_OK(co_await read_more(deadline));
    }
  }

  // The connection turned out to be dead before anything was done with the request.
  bool may_retry(Client::Retry retry) const {
    return !got_bytes_ && (!was_sent_ || retry == Client::Retry::idempotent);
  }

  static StreamedResponse respond(std::unique_ptr<Exchange> exchange) {
    StreamedResponse out;
    out.status = exchange->reader_.status();
    out.headers = exchange->reader_.take_headers();
    exchange->finish_if_done();
    out.body = std::move(exchange);
    return out;
  }

 private:
  async::Task<void> read_head(std::string_view method, async::Deadline deadline) {
    while (true) {
      reader_.begin(method);
      CO_CHECK_OK(check(reader_.push("")));
      while (reader_.stage() == MessageReader::Stage::head) {
        CO_CHECK_OK(co_await read_more(deadline));
      }
      const bool is_interim = reader_.status() < 200 && reader_.status() != 101;
      if (!is_interim) co_return Result<void>();  // RFC 9110 section 15.2
    }
  }

  async::Task<void> read_more(async::Deadline deadline) {
    if (stream_ == nullptr) co_return fail(Errc::unavailable, "the connection is closed");
    Result<std::string_view> bytes = co_await stream_->read_some(deadline);
    if (!bytes) {
      stream_.reset();
      co_return std::unexpected(std::move(bytes).error());
    }
    if (!bytes->empty()) {
      got_bytes_ = true;
      co_return check(reader_.push(*bytes));
    }
    const bool in_head = reader_.stage() == MessageReader::Stage::head;
    const bool cut = reader_.end() != MessageReader::Fault::none;
    stream_.reset();
    if (!cut) co_return Result<void>();
    co_return fail(Errc::unavailable, in_head
                                          ? "the server closed the connection"
                                          : "the connection was lost in the middle of an answer");
  }

  Result<void> check(MessageReader::Fault fault) {
    if (fault == MessageReader::Fault::none) return {};
    stream_.reset();
    if (fault == MessageReader::Fault::head_too_large) {
      return fail(Errc::too_large, "the answer cannot be read: " + reader_.fault_text());
    }
    return fail(Errc::corrupt, "the answer is not HTTP/1.1: " + reader_.fault_text());
  }

  // What came behind the answer was not asked for: such a connection is not used again.
  void finish_if_done() {
    if (stream_ == nullptr || reader_.stage() != MessageReader::Stage::done) return;
    const bool is_fit =
        was_sent_ && reader_.keep_alive() && !reader_.has_rest() && reader_.status() >= 200;
    if (is_fit) pool_->give(origin_, std::move(stream_));
    stream_.reset();
  }

  std::shared_ptr<ConnectionPool> pool_;
  std::string origin_;
  std::unique_ptr<ByteStream> stream_;  // null: no more bytes will come
  MessageReader reader_;
  bool was_sent_ = false;
  bool got_bytes_ = false;
};

// User information is percent-encoded in the URL only (RFC 3986 section 3.2.1, RFC 7617).
std::string percent_decoded(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_code =
        text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    out += is_code ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
    if (is_code) i += 2;
  }
  return out;
}

std::string head_of(const Url& url, const Request& request) {
  std::string framing = "Host: " + url.authority() + "\r\n";
  if (!url.userinfo.empty() && !request.headers.find("Authorization")) {
    std::string credentials = percent_decoded(url.userinfo);
    if (credentials.find(':') == std::string::npos) credentials += ':';
    framing += "Authorization: Basic " + base64_encode(credentials) + "\r\n";
  }
  const bool has_body = !request.body.empty() || request.method == "POST" ||
                        request.method == "PUT" || request.method == "PATCH";
  if (has_body) framing += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return request_head(request.method, request.target.empty() ? url.target : request.target,
                      request.headers, framing);
}

class PooledClient final : public Client {
 public:
  PooledClient(async::Executor executor, ClientOptions options)
      : options_(std::move(options)),
        connector_(std::move(executor), options_.ca_file),
        pool_(std::make_shared<ConnectionPool>(options_.max_idle_per_origin,
                                               options_.idle_timeout)) {}

  async::Task<StreamedResponse> open(Url url, Request request, Retry retry,
                                     async::Deadline deadline) override {
    co_await asio::this_coro::throw_if_cancelled(false);
    CO_CHECK_OK(co_await async::check_cancelled());
    if (url.scheme != "http" && url.scheme != "https") {
      co_return fail(Errc::invalid, "the URL must begin with http:// or https://");
    }
    const std::string origin = url.origin();
    const std::string head = head_of(url, request);
    if (auto kept = pool_->take(origin)) {
      auto exchange = start(origin, std::move(kept));
      Result<void> answered = co_await exchange->run(request.method, head, request.body, deadline);
      if (answered) co_return Exchange::respond(std::move(exchange));
      const bool lost = answered.error().code == Errc::unavailable;
      if (!lost || !exchange->may_retry(retry)) co_return std::unexpected(answered.error());
    }
    const auto connect_by = deadline.earlier(async::Deadline::in(options_.connect_timeout));
    CO_TRY(auto fresh, co_await connector_.connect(std::move(url), connect_by));
    auto exchange = start(origin, std::move(fresh));
    CO_CHECK_OK(co_await exchange->run(request.method, head, request.body, deadline));
    co_return Exchange::respond(std::move(exchange));
  }

 private:
  std::unique_ptr<Exchange> start(const std::string& origin, std::unique_ptr<ByteStream> stream) {
    return std::make_unique<Exchange>(pool_, origin, std::move(stream), options_.max_header_bytes);
  }

  ClientOptions options_;
  Connector connector_;
  std::shared_ptr<ConnectionPool> pool_;
};

}  // namespace

std::unique_ptr<Client> make_client(async::Executor executor, ClientOptions options,
                                    Logger& /*log*/) {
  return std::make_unique<PooledClient>(std::move(executor), std::move(options));
}

async::Task<std::string> read_body(BodyReader& body, std::size_t max_bytes,
                                   async::Deadline deadline) {
  std::string out;
  while (true) {
    CO_TRY(std::string piece, co_await body.read_some(deadline));
    if (piece.empty()) co_return out;
    if (out.size() + piece.size() > max_bytes) {
      co_return fail(Errc::too_large,
                     "the answer is larger than " + std::to_string(max_bytes) + " bytes");
    }
    if (out.empty()) {
      out = std::move(piece);
    } else {
      out.append(piece);
    }
  }
}

}  // namespace mcpo::http
