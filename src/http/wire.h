// HTTP/1.1 on the wire, for both roles: a Beast body that never trusts a length, and message heads.
#pragma once

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <cstdint>
#include <string>

#include "http/message.h"

namespace mcpo::http::wire {

// Collects a body piece by piece. Unlike Beast's string_body it reserves nothing for a promised
// Content-Length, which may be a lie.
struct PieceBody {
  using value_type = std::string;

  static std::uint64_t size(const value_type& body) { return body.size(); }

  class reader {
   public:
    template <bool IsRequest, class Fields>
    reader(boost::beast::http::header<IsRequest, Fields>&, value_type& body) : body_(body) {}

    void init(const boost::optional<std::uint64_t>&, boost::beast::error_code& error) {
      error = {};
    }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::beast::error_code& error) {
      error = {};
      std::size_t taken = 0;
      for (auto it = boost::asio::buffer_sequence_begin(buffers);
           it != boost::asio::buffer_sequence_end(buffers); ++it) {
        const boost::asio::const_buffer piece = *it;
        body_.append(static_cast<const char*>(piece.data()), piece.size());
        taken += piece.size();
      }
      return taken;
    }
    void finish(boost::beast::error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

// "HTTP/1.1 200 OK\r\n...\r\n\r\n" with `headers` and then the fields of `framing`.
std::string response_head(int status, const Headers& headers, const Headers& framing);
std::string request_head(const Request& request, const Headers& framing);
// The Date field's value, made once a second.
const std::string& http_date();
// "1f\r\n" + bytes + "\r\n"
std::string chunk(std::string_view bytes);
// Names and values without line breaks and other control characters.
bool is_valid_field(std::string_view name, std::string_view value);

template <class Fields>
Headers to_headers(const Fields& fields) {
  Headers out;
  for (const auto& field : fields) {
    out.add(std::string(field.name_string()), std::string(field.value()));
  }
  return out;
}

}  // namespace mcpo::http::wire
