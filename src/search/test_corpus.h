// For tests: the labelled requests of tests/retrieval/.
#pragma once

#include <string>
#include <vector>

#include "search/embedding.h"
#include "search/engine.h"

namespace mcpo::search {

struct LabelledRequest {
  std::string text;
  std::vector<std::vector<std::string>> groups;  // of each group one tool is wanted
};

struct TestCorpus {
  std::vector<std::string> ids;  // "server.tool"
  std::vector<Document> tools;
  std::vector<LabelledRequest> requests;

  DocId number(const std::string& id) const;  // ids.size(): there is none
};
const TestCorpus& test_corpus();  // read once; empty when the files are not there

// Stand-ins for an encoder: bags of hashed words, in which texts are near that have words in
// common.
std::shared_ptr<const DocumentEmbedding> hashed_words(const Document& document);
std::shared_ptr<const RequestEmbedding> hashed_words(const Query& query);

}  // namespace mcpo::search
