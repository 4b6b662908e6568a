#include "http/client.h"

#include <algorithm>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/http/parser.hpp>
#include <deque>
#include <map>
#include <optional>

#include "base/text.h"
#include "http/byte_stream.h"
#include "http/wire.h"

namespace mcpo::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;

constexpr std::size_t kReadBytes = std::size_t{16} << 10;

// Kept-alive streams by origin.
class StreamPool {
 public:
  explicit StreamPool(ClientOptions options) : options_(std::move(options)) {}

  // The youngest first: it is the likeliest to be alive. Null: none.
  std::unique_ptr<ByteStream> take(const std::string& origin) {
    auto& streams = idle_[origin];
    const auto now = std::chrono::steady_clock::now();
    while (!streams.empty()) {
      Idle last = std::move(streams.back());
      streams.pop_back();
      if (now - last.since < options_.idle_timeout && last.stream->is_quiet()) {
        return std::move(last.stream);
      }
    }
    return nullptr;
  }

  void give(const std::string& origin, std::unique_ptr<ByteStream> stream) {
    if (!stream->is_quiet()) return;
    auto& streams = idle_[origin];
    streams.push_back({std::move(stream), std::chrono::steady_clock::now()});
    if (streams.size() > options_.max_idle_per_origin) streams.pop_front();
  }

  const ClientOptions& options() const { return options_; }

 private:
  struct Idle {
    std::unique_ptr<ByteStream> stream;
    SteadyTime since;
  };
  ClientOptions options_;
  std::map<std::string, std::deque<Idle>> idle_;
};

// One answer on one stream: its head, then its body piece by piece.
class Exchange final : public BodyReader {
 public:
  Exchange(std::shared_ptr<StreamPool> pool, std::string origin, std::unique_ptr<ByteStream> stream)
      : pool_(std::move(pool)), origin_(std::move(origin)), stream_(std::move(stream)) {
    renew_parser();
  }

  async::Task<void> read_head(std::string method, async::Deadline deadline) {
    if (method == "HEAD") parser_->skip(true);
    while (true) {
      while (!parser_->is_header_done()) {
        CO_CHECK_OK(parse());
        if (parser_->is_header_done()) break;
        CO_TRY(std::size_t size, co_await read_more(deadline));
        if (size == 0) co_return fail(Errc::unavailable, "the server closed the connection");
      }
      const int status = parser_->get().result_int();
      if (status < 100 || status > 199 || status == 101) break;
      renew_parser();  // an interim answer (RFC 9110 section 15.2)
    }
    parser_->eager(true);
    finish_if_done();
    co_return Result<void>{};
  }

  async::Task<std::string> read_some(async::Deadline deadline) override {
    while (true) {
      std::string piece = std::exchange(parser_->get().body(), {});
      finish_if_done();
      if (!piece.empty() || parser_->is_done()) co_return piece;
      CO_CHECK_OK(parse());
      if (!parser_->get().body().empty() || parser_->is_done()) continue;
      CO_TRY(std::size_t size, co_await read_more(deadline));
      if (size == 0) CO_CHECK_OK(end_of_stream());
    }
  }

  ByteStream& stream() { return *stream_; }
  bool got_bytes() const { return got_bytes_; }
  int status() const { return static_cast<int>(parser_->get().result_int()); }
  Headers headers() const { return wire::to_headers(parser_->get()); }

 private:
  using Parser = beast_http::response_parser<wire::PieceBody>;

  void renew_parser() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(pool_->options().max_header_bytes));
    parser_->body_limit(boost::none);
  }

  Result<void> parse() {
    while (!buffer_.empty() && !parser_->is_done()) {
      boost::system::error_code error;
      const std::size_t used = parser_->put(asio::buffer(buffer_), error);
      buffer_.erase(0, used);
      if (error == beast_http::error::need_more) return {};
      if (error == beast_http::error::header_limit) {
        return fail(Errc::too_large, "the answer's header fields are larger than " +
                                         std::to_string(pool_->options().max_header_bytes) +
                                         " bytes");
      }
      if (error) return fail(Errc::corrupt, "the answer is not HTTP/1.1: " + error.message());
      // Without eager a head ends a put; the rest waits for the body's turn.
      if (used == 0 || (parser_->is_header_done() && !parser_->eager())) return {};
    }
    return {};
  }

  async::Task<std::size_t> read_more(async::Deadline deadline) {
    if (stream_ == nullptr) co_return fail(Errc::unavailable, "the connection is closed");
    const std::size_t before = buffer_.size();
    buffer_.resize(before + kReadBytes);
    auto size = co_await stream_->read_some({buffer_.data() + before, kReadBytes}, deadline);
    buffer_.resize(before + size.value_or(0));
    if (size && *size > 0) got_bytes_ = true;
    if (!size) stream_.reset();
    co_return size;
  }

  Result<void> end_of_stream() {
    boost::system::error_code error;
    parser_->put_eof(error);
    stream_.reset();
    if (error) return fail(Errc::unavailable, "the connection was lost in the middle of an answer");
    return {};
  }

  // A whole answer was read and nothing else came: the stream can serve another request.
  void finish_if_done() {
    if (stream_ == nullptr || !parser_->is_done() || !buffer_.empty()) return;
    if (parser_->get().keep_alive()) {
      pool_->give(origin_, std::move(stream_));
    }
    stream_.reset();
  }

  std::shared_ptr<StreamPool> pool_;
  std::string origin_;
  std::unique_ptr<ByteStream> stream_;
  std::optional<Parser> parser_;
  std::string buffer_;  // received, not yet parsed
  bool got_bytes_ = false;
};

std::string head_of(const Url& url, const Request& request) {
  Headers framing{{"Host", url.authority()}};
  if (!url.userinfo.empty() && !request.headers.find("Authorization")) {
    framing.add("Authorization", "Basic " + base64_encode(url.userinfo));
  }
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    framing.add("Content-Length", std::to_string(request.body.size()));
  }
  return wire::request_head(request, framing);
}

class AsioClient final : public Client {
 public:
  AsioClient(async::Executor executor, ClientOptions options, Logger& log)
      : executor_(std::move(executor)),
        tls_(asio::ssl::context::tls_client),
        pool_(std::make_shared<StreamPool>(std::move(options))) {
    boost::system::error_code error;
    if (pool_->options().ca_file.empty()) {
      tls_.set_default_verify_paths(error);
    } else {
      tls_.load_verify_file(pool_->options().ca_file, error);
    }
    if (error) log.warn("certificates could not be loaded", {{"cause", error.message()}});
  }

  async::Task<StreamedResponse> open(Url url, Request request, Retry retry,
                                     async::Deadline deadline) override {
    if (url.scheme != "http" && url.scheme != "https") {
      co_return fail(Errc::invalid, "the URL must start with http:// or https://");
    }
    const std::string origin = url.origin();
    request.target = url.target;
    std::string bytes = head_of(url, request);
    bytes.append(request.body);
    while (auto used = pool_->take(origin)) {
      auto exchange = std::make_unique<Exchange>(pool_, origin, std::move(used));
      std::string copy = bytes;
      auto written = co_await exchange->stream().write(std::move(copy), deadline);
      Result<void> head = written;
      if (written) head = co_await exchange->read_head(request.method, deadline);
      if (head) co_return respond(std::move(exchange));
      // A kept stream may have been closed by the peer just now: then it says nothing at all.
      const bool lost = head.error().code == Errc::unavailable && !exchange->got_bytes();
      const bool may_retry = !written || retry == Retry::idempotent;
      if (!lost || !may_retry) co_return std::unexpected(head.error());
    }
    const auto connect_by = deadline.earlier(async::Deadline::in(pool_->options().connect_timeout));
    CO_TRY(auto stream, co_await open_stream(executor_, url, tls_, connect_by));
    auto exchange = std::make_unique<Exchange>(pool_, origin, std::move(stream));
    CO_CHECK_OK(co_await exchange->stream().write(std::move(bytes), deadline));
    CO_CHECK_OK(co_await exchange->read_head(request.method, deadline));
    co_return respond(std::move(exchange));
  }

 private:
  static StreamedResponse respond(std::unique_ptr<Exchange> exchange) {
    StreamedResponse out;
    out.status = exchange->status();
    out.headers = exchange->headers();
    out.body = std::move(exchange);
    return out;
  }

  async::Executor executor_;
  asio::ssl::context tls_;
  std::shared_ptr<StreamPool> pool_;
};

}  // namespace

std::unique_ptr<Client> make_client(async::Executor executor, ClientOptions options, Logger& log) {
  return std::make_unique<AsioClient>(std::move(executor), std::move(options), log);
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
    out.append(piece);
  }
}

}  // namespace mcpo::http
