#include "search/embedding.h"

#include <gtest/gtest.h>

#include "base/hash.h"

namespace mcpo::search {
namespace {

DocumentEmbedding an_embedding() {
  DocumentEmbedding out;
  out.vector = to_fixed(std::vector<float>{.6F, -.8F});
  out.description = {0, 16384};
  out.pieces = {7, 8, 300, 30'000};
  out.name_pieces = {300, 7};
  out.name_rows = {.dimension = 2, .values = {127, -3, 0, -128}, .scales = {.01F, .007F}};
  return out;
}

std::string text_of(Document document) { return semantic_text(document).text; }

TEST(SemanticText, IsServerNameAndDescriptionInWords) {
  EXPECT_EQ(text_of({.server = "my-files.v2", .name = "read_textFile", .description = " Reads.\n"}),
            "my files v2: read text File. Reads.");
  EXPECT_EQ(text_of({.name = "HTTPServer2Go", .description = "x"}), "HTTP Server2 Go. x");
  EXPECT_EQ(text_of({.name = "a"}), "a. ");
}

TEST(SemanticText, SaysWhereTheNameIs) {
  const SemanticText text = semantic_text({.server = "web", .name = "fetchPage"});
  EXPECT_EQ(text.text.substr(text.name_begin, text.name_end - text.name_begin), "fetch Page");
}

TEST(SemanticText, SaysWhatItsDescriptionIs) {
  EXPECT_EQ(semantic_text({.server = "a", .name = "b", .description = " Does c. "}).description(),
            "Does c.");
  EXPECT_EQ(semantic_text({.name = "b", .description = " \n"}).description(), "");
}

TEST(RequestTexts, AreTheWholeAndItsSentences) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(request_texts({.description = "read a file", .keywords = "disk"}),
            Texts{"read a file disk"});
  EXPECT_EQ(request_texts({.description = "Read a file. Send a mail."}),
            (Texts{"Read a file. Send a mail.", "Read a file.", "Send a mail."}));
  EXPECT_EQ(request_texts({}), Texts{""});
}

TEST(EmbeddingBytes, ComeBackEqual) {
  for (const DocumentEmbedding& one : {an_embedding(), DocumentEmbedding{.vector = {-16384}}}) {
    const auto back = embedding_from_bytes(to_bytes(one));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, one);
  }
}

TEST(EmbeddingBytes, CutOrLongerOnesAreCorrupt) {
  const std::string bytes = to_bytes(an_embedding());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto back = embedding_from_bytes(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(back) << size;
    EXPECT_EQ(back.error().code, Errc::corrupt);
  }
  EXPECT_FALSE(embedding_from_bytes(bytes + '\0'));
}

TEST(EmbeddingBytes, AnyOtherBitIsCorrupt) {
  const std::string bytes = to_bytes(an_embedding());
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string other = bytes;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(embedding_from_bytes(other)) << bit;
  }
  for (const std::size_t size : {1U, 8U, 9U, 100U, 2'000U}) {
    EXPECT_FALSE(embedding_from_bytes(std::string(size, '\0'))) << size;
  }
}

// With the checksum that belongs to them.
std::string sealed(std::string rest) {
  const ContentHash hash = content_hash(rest);
  return std::string(hash.bytes.begin(), hash.bytes.begin() + 8) + rest;
}

TEST(EmbeddingBytes, HugeCountsAndNumbersThatAreNoneAreCorrupt) {
  const std::string one("\x01\x00\x40", 3);  // the vector {1}
  EXPECT_TRUE(embedding_from_bytes(sealed(one + std::string(4, '\0'))));
  EXPECT_FALSE(embedding_from_bytes(sealed("\xff\xff\xff\xff\x0f")));
  EXPECT_FALSE(embedding_from_bytes(sealed(one + "\xff\xff\xff\xff\x0f\x01")));
  DocumentEmbedding overgrown = an_embedding();
  overgrown.name_rows.scales[1] = 3e38F;
  EXPECT_FALSE(embedding_from_bytes(to_bytes(overgrown)));
}

TEST(EmbeddingBytes, VectorsOfAnotherNormThanOneAreCorrupt) {
  using Vector = std::vector<Fixed>;
  for (const Vector& vector :
       {Vector{}, Vector{0, 0}, Vector{8192}, Vector{16384, 16384}, Vector{32767}}) {
    EXPECT_FALSE(embedding_from_bytes(to_bytes({.vector = vector}))) << vector.size();
  }
}

}  // namespace
}  // namespace mcpo::search
