#include "http/message_reader.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>

#include "base/text.h"

namespace mcpo::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using BeastView = boost::beast::string_view;

constexpr std::size_t kMaxFields = 1'000;
constexpr std::size_t kMaxReserve = std::size_t{64} << 10;  // a promised length may be a lie

std::string_view view(BeastView text) { return {text.data(), text.size()}; }

struct Parsed {
  std::string method;
  std::string target;
  std::string authority;  // of a target in absolute form
  int status = 0;
  int version = 11;
  Headers headers;
  std::size_t header_bytes = 0;
  bool head_done = false;
  std::string body;
  std::string complaint;  // ours, where Beast has no error of its own
};

// RFC 9112 section 3.2: origin form, or absolute form, or "*".
bool take_target(std::string_view text, Parsed& out) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!iequals_ascii(text.substr(0, scheme.size()), scheme)) continue;
    text.remove_prefix(scheme.size());
    const auto end = std::min(text.find_first_of("/?"), text.size());
    out.authority = text.substr(0, end);
    out.target = text.substr(end);
    if (!out.target.starts_with('/')) out.target.insert(0, "/");
    return !out.authority.empty();
  }
  out.target = text;
  return text.starts_with('/') || text == "*";
}

// What would let two readers of the same bytes disagree about where a message ends or whom it is
// for (RFC 9112 sections 3.2, 6.1).
std::string_view complaint_about(const Parsed& parsed, bool is_request) {
  for (const auto& [name, value] : parsed.headers.fields()) {
    if (!iequals_ascii(name, "Transfer-Encoding")) continue;
    if (!iequals_ascii(value, "chunked")) return "no transfer coding but chunked is supported";
    if (parsed.version < 11) return "HTTP/1.0 has no transfer codings";
  }
  if (!is_request) return {};
  const std::size_t hosts = parsed.headers.count("Host");
  if (hosts > 1 || (hosts == 0 && parsed.version >= 11)) return "exactly one Host field is needed";
  return {};
}

template <bool IsRequest>
class Parser final : public beast_http::basic_parser<IsRequest> {
 public:
  Parser(Parsed& out, ReadLimits limits) : out_(out), limits_(limits) {
    this->eager(true);
    this->header_limit(static_cast<std::uint32_t>(
        std::min<std::size_t>(limits.max_header_bytes, std::numeric_limits<int>::max())));
    this->body_limit(limits.max_body_bytes);
  }

 private:
  void on_request_impl(beast_http::verb, BeastView method, BeastView target, int version,
                       error_code& error) override {
    out_.method = view(method);
    out_.version = version;
    out_.header_bytes = method.size() + target.size();
    if (!take_target(view(target), out_)) error = beast_http::error::bad_target;
  }
  void on_response_impl(int status, BeastView, int version, error_code&) override {
    out_.status = status;
    out_.version = version;
  }
  void on_field_impl(beast_http::field, BeastView name, BeastView value,
                     error_code& error) override {
    if (out_.head_done) return;  // a trailer
    // Beast's own limit counts anew with each piece that ends at a line's end.
    out_.header_bytes += name.size() + value.size() + 4;
    if (out_.header_bytes > limits_.max_header_bytes ||
        out_.headers.fields().size() >= kMaxFields) {
      error = beast_http::error::header_limit;
      return;
    }
    out_.headers.add(std::string(view(name)), std::string(view(value)));
  }
  void on_header_impl(error_code& error) override {
    out_.head_done = true;
    out_.complaint = complaint_about(out_, IsRequest);
    if (!out_.complaint.empty()) error = beast_http::error::bad_value;
    if (!out_.authority.empty()) out_.headers.set("Host", std::move(out_.authority));
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length)
      out_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, kMaxReserve)));
  }
  std::size_t on_body_impl(BeastView body, error_code&) override {
    out_.body.append(view(body));
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView body, error_code&) override {
    out_.body.append(view(body));
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  Parsed& out_;
  ReadLimits limits_;
};

}  // namespace

struct MessageReader::Impl {
  Impl(Role r, ReadLimits l) : role(r), limits(l) {}

  // The one that exists is that of the role.
  // NOLINTBEGIN(bugprone-unchecked-optional-access)
  template <class F>
  auto with_parser(F f) {
    return role == Role::request ? f(*request) : f(*response);
  }
  template <class F>
  auto with_parser(F f) const {
    return role == Role::request ? f(*request) : f(*response);
  }
  // NOLINTEND(bugprone-unchecked-optional-access)
  bool is_done() const {
    return with_parser([](const auto& parser) { return parser.is_done(); });
  }
  std::size_t parse(std::string_view bytes, error_code& error);
  Fault to_fault(const error_code& error);

  Role role;
  ReadLimits limits;
  Parsed parsed;
  std::optional<Parser<true>> request;
  std::optional<Parser<false>> response;
  std::string rest;
  std::string fault_text;
};

MessageReader::MessageReader(Role role, ReadLimits limits)
    : impl_(std::make_unique<Impl>(role, limits)) {
  begin();
}

MessageReader::~MessageReader() = default;

void MessageReader::begin(std::string_view request_method) {
  impl_->parsed = {};
  if (impl_->role == Role::request) {
    impl_->request.emplace(impl_->parsed, impl_->limits);
  } else {
    impl_->response.emplace(impl_->parsed, impl_->limits);
    if (request_method == "HEAD") impl_->response->skip(true);
  }
}

std::size_t MessageReader::Impl::parse(std::string_view bytes, error_code& error) {
  // Beast asserts that a last chunk, looked at again, has all its five bytes: "0\r\n" alone and
  // then one byte more would end the program.
  const bool looks_again = parsed.head_done && !rest.empty();
  if (looks_again && bytes.size() < 5 && bytes.starts_with('0')) return 0;
  std::size_t used = 0;
  // Empty lines in front of a message are forgiven (RFC 9112 section 2.2).
  const bool untouched = with_parser([](const auto& parser) { return !parser.got_some(); });
  while (untouched && bytes.substr(used).starts_with("\r\n")) used += 2;
  if (untouched && bytes.substr(used) == "\r") return used;
  if (used < bytes.size()) {
    used += with_parser(
        [&](auto& parser) { return parser.put(boost::asio::buffer(bytes.substr(used)), error); });
  }
  if (error == beast_http::error::need_more) {
    error = {};
    // A head, a chunk's extensions or trailers that do not end.
    if (bytes.size() - used > limits.max_header_bytes) error = beast_http::error::header_limit;
  }
  return used;
}

MessageReader::Fault MessageReader::push(std::string_view bytes) {
  if (impl_->is_done()) {
    impl_->rest.append(bytes);
    return Fault::none;
  }
  error_code error;
  if (impl_->rest.empty()) {
    if (!bytes.empty()) impl_->rest.assign(bytes.substr(impl_->parse(bytes, error)));
  } else {
    impl_->rest.append(bytes);
    impl_->rest.erase(0, impl_->parse(impl_->rest, error));
  }
  return impl_->to_fault(error);
}

MessageReader::Fault MessageReader::end() {
  if (impl_->is_done()) return Fault::none;
  error_code error = beast_http::error::partial_message;
  if (stage() == Stage::body) {
    impl_->with_parser([&](auto& parser) { parser.put_eof(error); });
  }
  return impl_->to_fault(error);
}

MessageReader::Fault MessageReader::Impl::to_fault(const error_code& error) {
  if (!error) return Fault::none;
  if (error == beast_http::error::body_limit) {
    fault_text = "the body is larger than " + std::to_string(limits.max_body_bytes) + " bytes";
    return Fault::body_too_large;
  }
  if (error == beast_http::error::header_limit && !parsed.head_done) {
    fault_text =
        "the header fields are larger than " + std::to_string(limits.max_header_bytes) + " bytes";
    return Fault::head_too_large;
  }
  fault_text = parsed.complaint.empty() ? error.message() : parsed.complaint;
  return Fault::malformed;
}

const std::string& MessageReader::fault_text() const { return impl_->fault_text; }

MessageReader::Stage MessageReader::stage() const {
  if (impl_->is_done()) return Stage::done;
  return impl_->parsed.head_done ? Stage::body : Stage::head;
}

bool MessageReader::is_untouched() const {
  return impl_->rest.empty() &&
         impl_->with_parser([](const auto& parser) { return !parser.got_some(); });
}

bool MessageReader::has_rest() const { return !impl_->rest.empty(); }

bool MessageReader::is_http_1_0() const { return impl_->parsed.version < 11; }

bool MessageReader::keep_alive() const {
  return impl_->with_parser([](const auto& parser) { return parser.keep_alive(); });
}

bool MessageReader::expects_continue() const {
  const auto expect = impl_->parsed.headers.find("Expect");
  return expect && !is_http_1_0() && iequals_ascii(*expect, "100-continue");
}

int MessageReader::status() const { return impl_->parsed.status; }

const Headers& MessageReader::headers() const { return impl_->parsed.headers; }

Request MessageReader::take_request() {
  Parsed& parsed = impl_->parsed;
  return {std::move(parsed.method), std::move(parsed.target), std::move(parsed.headers),
          std::move(parsed.body)};
}

Headers MessageReader::take_headers() { return std::move(impl_->parsed.headers); }

std::string MessageReader::take_body() { return std::exchange(impl_->parsed.body, {}); }

void MessageReader::release_memory() {
  if (impl_->rest.empty()) impl_->rest = {};
}

}  // namespace mcpo::http
