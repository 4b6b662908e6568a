#include "search/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

namespace mcpo::search {
namespace {

std::vector<Document> some_tools() {
  return {
      {.server = "github", .name = "create_issue", .description = "Create a new issue"},
      {.server = "github", .name = "search_code", .description = "Search code in repositories"},
      {.server = "github", .name = "list_issues", .description = "List issues of a repository"},
      {.server = "jira", .name = "create_issue", .description = "Create a Jira issue"},
      {.server = "web", .name = "fetch", .description = "Download a page"},
      {.server = "web", .name = "search", .description = "Search the internet for pages"},
      {.server = "files", .name = "readFile", .description = "Read a file from disk"},
      {.server = "my server", .name = "Start", .description = "Boots it"},
  };
}

std::vector<DocId> ids(const std::vector<Hit>& hits) {
  std::vector<DocId> out;
  for (const Hit& hit : hits) out.push_back(hit.doc);
  return out;
}

DocId first_for(const std::string& description, const std::string& keywords = "") {
  const auto index = build_index(some_tools());
  const Ranking ranking = index->search({.description = description, .keywords = keywords});
  return ranking.hits.empty() ? 999 : ranking.hits[0].doc;
}

void expect_same(const Ranking& a, const Ranking& b) {
  ASSERT_EQ(ids(a.hits), ids(b.hits));
  for (std::size_t i = 0; i < a.hits.size(); ++i) EXPECT_EQ(a.hits[i].score, b.hits[i].score);
  EXPECT_EQ(ids(a.candidates), ids(b.candidates));
  EXPECT_EQ(a.note, b.note);
}

// Texts of a few words, so that many documents tie.
Document random_document(std::mt19937& random) {
  static const char* const kWords[] = {"create", "find", "issue", "ticket", "file", "read",
                                       "user",   "mail", "page",  "code",   "row",  "table"};
  const auto word = [&] { return std::string(kWords[random() % std::size(kWords)]); };
  Document d;
  d.server = "s" + std::to_string(random() % 5);
  d.name = word() + "_" + word();
  for (auto n = random() % 12; n > 0; --n) d.description += word() + " ";
  for (auto n = random() % 4; n > 0; --n) d.parameter_names += word() + " ";
  return d;
}

std::vector<Document> random_documents(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Document> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(random_document(random));
  return out;
}

TEST(Engine, FindsByMeaningfulWords) {
  EXPECT_EQ(first_for("look for code in a repository"), 1U);
  EXPECT_EQ(first_for("please read the file"), 6U);
  EXPECT_EQ(first_for("", "internet pages"), 5U);
}

TEST(Engine, ExactNamesComeFirst) {
  EXPECT_EQ(first_for("list every file and page, then list_issues"), 2U);
  EXPECT_EQ(first_for("Read a page with CREATE_ISSUE of jira"), 3U);
  EXPECT_EQ(first_for("use readFile."), 6U);
  EXPECT_EQ(first_for("boot", "start"), 7U);
}

TEST(Engine, QualifiedNamesMeanThatServer) {
  EXPECT_EQ(first_for("jira.create_issue"), 3U);
  EXPECT_EQ(first_for("call github:create_issue now"), 0U);
  EXPECT_EQ(first_for("run `jira/create_issue`, please"), 3U);
  EXPECT_EQ(first_for("mcp__jira__create_issue"), 3U);
  EXPECT_EQ(first_for("search code repositories github with web.search"), 5U);
  EXPECT_EQ(first_for("do my server/start"), 7U);
  // An unknown server: the name alone counts.
  EXPECT_EQ(first_for("search pages with gitlab.list_issues"), 2U);
}

TEST(Engine, PlainWordsAreNamesOnlyWhenSetApart) {
  EXPECT_EQ(first_for("search"), 5U);
  EXPECT_EQ(first_for("Fetch"), 4U);
  EXPECT_EQ(first_for("list issues and fetch all code of a repository"), 2U);
  EXPECT_EQ(first_for("search code in repositories with `fetch`"), 4U);
}

TEST(Engine, WhatStandsInAnyTextIsANameOnlyWhenSetApart) {
  std::vector<Document> tools = some_tools();
  for (const char* name : {"2025", "e-mail", "für", "и", "2nd"}) {
    tools.push_back({.server = "odd", .name = name});
    const auto added = static_cast<DocId>(tools.size() - 1);
    const auto index = build_index(tools);
    const auto is_exact = [&](const std::string& text) {
      return index->explain({.description = text}, added).exact_name;
    };
    EXPECT_FALSE(is_exact(std::string("search code ") + name + " in files")) << name;
    for (const char* before : {"", "run odd.", "odd__"})
      EXPECT_TRUE(is_exact(before + std::string(name)));
    EXPECT_TRUE(is_exact("run `" + std::string(name) + "` now")) << name;
  }
}

TEST(Engine, NamesOfCodeCountInRunningText) {
  for (const char* name : {"resolve-library-id", "s3-list", "md5sum", "a_b", "getUser"}) {
    const auto index = build_index({{.server = "a", .name = name}, {.server = "b", .name = "x"}});
    EXPECT_TRUE(
        index->explain({.description = std::string("first ") + name + ", then"}, 0).exact_name)
        << name;
  }
}

TEST(Engine, OneServerHasThreeUnqualifiedNamesAtMost) {
  std::vector<Document> tools;
  std::string request;
  for (int i = 0; i < 6; ++i) {
    tools.push_back({.server = "many", .name = "word_" + std::to_string(i)});
    request += tools.back().name + " ";
  }
  tools.push_back({.server = "few", .name = "get_it"});
  const auto index = build_index(tools);
  const auto count_exact = [&](const std::string& text) {
    return std::ranges::count_if(index->search({.description = text}).hits, [&](const Hit& hit) {
      return index->explain({.description = text}, hit.doc).exact_name;
    });
  };
  EXPECT_EQ(count_exact(request + "get_it"), 4);
  EXPECT_EQ(count_exact(request + "many.word_0 many.word_1 many.word_2 many.word_3"), 4);
}

TEST(Engine, HidesWhatMayNotBeSeen) {
  const auto index = build_index(some_tools());
  Query query{.description = "create_issue on jira"};
  query.visible = [](DocId doc) { return doc != 3 && doc != 0; };
  for (const Hit& hit : index->search(query).hits) EXPECT_TRUE(query.visible(hit.doc));
  query.visible = [](DocId) { return false; };
  const Ranking nothing = index->search(query);
  EXPECT_TRUE(nothing.hits.empty());
  EXPECT_TRUE(nothing.candidates.empty());
  EXPECT_FALSE(nothing.note.empty());
  EXPECT_EQ(index->explain(query, 0).lexical, 0);
}

TEST(Engine, HiddenDocumentsDoNotTakePlaces) {
  const auto index = build_index(random_documents(300, 3));
  Query query{.description = "find user mail", .limit = 20};
  query.visible = [](DocId doc) { return doc % 10 == 0; };
  EXPECT_EQ(index->search(query).hits.size(), 20U);
}

TEST(Engine, ReadsUnknownWordsAsTheKnownOnesMostLikeThem) {
  EXPECT_EQ(first_for("craete_isue on github"), 0U);
  EXPECT_EQ(first_for("qqq interrnet"), 5U);
  EXPECT_EQ(first_for("serch the repositiories"), 1U);
  // What is spelled right counts more.
  EXPECT_EQ(first_for("downlaod the internet"), 5U);
}

TEST(Engine, ANumberIsNotAMistypedOtherNumber) {
  const auto index = build_index({{.name = "report", .description = "Figures of 20251"}});
  EXPECT_TRUE(index->search({.description = "20252"}).hits.empty());
  EXPECT_FALSE(index->search({.description = "20251"}).hits.empty());
}

TEST(Engine, OffersNearNamesWhenNothingMatches) {
  const auto index = build_index(some_tools());
  const Ranking ranking = index->search({.description = "fech"});
  EXPECT_TRUE(ranking.hits.empty());
  ASSERT_EQ(ids(ranking.candidates), (std::vector<DocId>{4}));
  EXPECT_NE(ranking.note.find("no tool has a word of the request"), std::string::npos);
}

TEST(Engine, KnowsShortAndLongForms) {
  const auto index = build_index({{.server = "a", .name = "merge_pull_request"},
                                  {.server = "b", .name = "scale_kubernetes"},
                                  {.server = "c", .name = "show_pr"}});
  const auto first = [&](const char* text) {
    return index->search({.description = text}).hits.at(0).doc;
  };
  EXPECT_EQ(first("my k8s"), 1U);
  EXPECT_EQ(first("merge PR"), 0U);
  const auto terms = index->explain({.description = "pull request"}, 2).matched_terms;
  EXPECT_EQ(terms, std::vector<std::string>{"pull~pr"});
}

TEST(Engine, WhatIsNotWantedCountsLess) {
  const auto index = build_index({{.server = "a", .name = "delete_page"},
                                  {.server = "b", .name = "archive_page"},
                                  {.server = "c", .name = "delete_row"}});
  EXPECT_EQ(index->search({.description = "archive pages without deleting them"}).hits.at(0).doc,
            1U);
  EXPECT_EQ(index->search({.description = "don't delete"}).hits.size(), 2U);
}

TEST(Engine, SaysWhyThereIsNothing) {
  EXPECT_NE(build_index(std::vector<Document>())->search({.description = "x"}).note, "");
  const auto index = build_index(some_tools());
  EXPECT_TRUE(index->search({}).note.starts_with("the request has no words to search by"));
  EXPECT_NE(index->search({.description = "search", .limit = 0}).note, "");
  EXPECT_EQ(index->search({.description = "search code"}).note, "");
}

TEST(Engine, BestSentenceCounts) {
  const auto index = build_index(some_tools());
  const Query query{.description =
                        "I was thinking about pages of the internet and files of a disk. "
                        "Please create the Jira issue.\nIt is late"};
  const auto hits = ids(index->search(query).hits);
  EXPECT_NE(std::ranges::find(hits, 3U), hits.end());
}

TEST(Engine, SiblingsOfMatchingToolsFollow) {
  const auto hits = ids(build_index(some_tools())->search({.description = "internet"}).hits);
  EXPECT_EQ(hits, (std::vector<DocId>{5, 4}));
}

TEST(Engine, TiesGoByNumber) {
  const auto index = build_index(std::vector<Document>(9, {.server = "s", .name = "get_user"}));
  EXPECT_EQ(ids(index->search({.description = "the user", .limit = 4}).hits),
            (std::vector<DocId>{0, 1, 2, 3}));
}

TEST(Engine, ExplanationsSumToTheScore) {
  const auto index = build_index(random_documents(200, 5));
  for (const char* text : {"find a user's mail", "create_issue. Read the page now. Find code rows",
                           "ticket_ticket find_file read"}) {
    const Query query{.description = text, .keywords = "table", .limit = kHeadSize};
    std::size_t rank = 0;
    for (const Hit& hit : index->search(query).hits) {
      const Explanation why = index->explain(query, hit.doc);
      double fields = 0;
      for (const double share : why.field_scores) fields += share;
      EXPECT_NEAR(fields, why.lexical, 1e-9);
      EXPECT_NEAR(why.score(), hit.score, 1e-5) << text;
      EXPECT_EQ(why.exact_name, why.exact_part > 0);
      EXPECT_EQ(why.lexical_rank == 0, why.lexical == 0);
      EXPECT_EQ(why.matched_terms.empty(), why.lexical == 0);
      ++rank;
    }
    EXPECT_GT(rank, 8U);
  }
}

TEST(Engine, ExplainsManyAsEachAlone) {
  const auto index = build_index(random_documents(100, 6));
  Query query{.description = "find_file. Read the page now, then find code rows"};
  query.visible = [](DocId doc) { return doc != 7; };
  const std::vector<DocId> docs = {50, 7, 3, 1000, 3, 99};
  const auto all = index->explain_all(query, docs);
  ASSERT_EQ(all.size(), docs.size());
  for (std::size_t i = 0; i < docs.size(); ++i) {
    EXPECT_EQ(all[i], index->explain(query, docs[i])) << docs[i];
  }
  EXPECT_EQ(all[1], Explanation());
  EXPECT_EQ(all[3], Explanation());
  EXPECT_TRUE(index->explain_all(query, {}).empty());
}

TEST(Engine, ExplainsWhenASentenceMatchesNothing) {
  const auto index = build_index(some_tools());
  const Query query{.description = "qwerty asdfgh yxcvb. Then search the code"};
  const Hit first = index->search(query).hits.at(0);
  const Explanation why = index->explain(query, first.doc);
  EXPECT_NEAR(why.lexical + why.server_part, first.score, 1e-5);
}

TEST(Engine, ExplainNamesSynonyms) {
  const auto index =
      build_index({{.server = "a", .name = "remove_row"}, {.server = "b", .name = "delete_table"}});
  const Explanation why = index->explain({.description = "delete"}, 0);
  EXPECT_EQ(why.matched_terms, (std::vector<std::string>{"delet~remov"}));
  EXPECT_EQ(why.lexical_rank, 2U);
}

TEST(Engine, PartsMakeTheSameIndexAsTheWhole) {
  const std::vector<Document> all = random_documents(150, 11);
  const auto whole = build_index(all);
  std::vector<Part> parts;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.size(), at + 1 + at % 7 * 5);
    const std::vector<Document> some(all.begin() + static_cast<std::ptrdiff_t>(at),
                                     all.begin() + static_cast<std::ptrdiff_t>(end));
    parts.push_back({.documents = prepare(some)});
    if (at % 3 == 0) parts.push_back({.documents = prepare({})});
    at = end;
  }
  const auto joined = build_index(parts);
  EXPECT_EQ(joined->size(), all.size());
  for (const char* text : {"find mail of a user", "code", "read file. create issue row.", "qwerty",
                           "user_mial", "pagse without finding", "s1.create_issue"}) {
    const Query query{.description = text, .limit = 100};
    expect_same(joined->search(query), whole->search(query));
    EXPECT_EQ(joined->explain(query, 17).field_scores, whole->explain(query, 17).field_scores);
  }
}

TEST(Engine, IndexesOfDifferentSizesShareAThread) {
  const auto small = build_index(some_tools());
  const auto large = build_index(random_documents(500, 2));
  const Query query{.description = "find issue code"};
  const Ranking before = small->search(query);
  large->search(query);
  expect_same(small->search(query), before);
}

TEST(Engine, ManyThreadsAgree) {
  const auto index = build_index(random_documents(400, 9));
  const Query query{.description = "read the mail of a user. Then find the issue table"};
  const Ranking expected = index->search(query);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) expect_same(index->search(query), expected);
    });
  }
}

TEST(Engine, OddRequestsFindSomethingOrSayWhyNot) {
  const auto index = build_index(some_tools());
  std::string long_text;
  for (int i = 0; i < 10'000; ++i) long_text += "word" + std::to_string(i) + " ";
  for (const std::string& text :
       {std::string("the of and"), std::string("x"), std::string("?!"), std::string("\U0001F600"),
        std::string("\xff\xfe"), std::string("ファイルを読む"), std::string("Datei öffnen"),
        std::string(R"({"tool": ["a", {}]})"), std::string("for (;;) { i++; }"), long_text}) {
    const Ranking ranking = index->search({.description = text});
    EXPECT_NE(ranking.hits.empty(), ranking.note.empty()) << text.substr(0, 40);
    EXPECT_EQ(ranking.hits.empty(), !ranking.candidates.empty()) << text.substr(0, 40);
  }
}

TEST(Engine, WhatIsLikeNothingGetsExamplesOfEachServer) {
  const auto index = build_index(some_tools());
  for (const char* text : {"the", "x", "\U0001F600", "\u6587\u4ef6", "?", "", "привет", "qzxv"}) {
    const Ranking ranking = index->search({.description = text});
    EXPECT_TRUE(ranking.hits.empty()) << text;
    EXPECT_EQ(ids(ranking.candidates), (std::vector<DocId>{0, 3, 4, 6, 7})) << text;
    for (const Hit& hit : ranking.candidates) EXPECT_EQ(hit.score, 0) << text;
    EXPECT_NE(ranking.note.find("only examples"), std::string::npos) << text;
  }
  Query query{.description = "the"};
  query.visible = [](DocId doc) { return doc > 5; };
  EXPECT_EQ(ids(index->search(query).candidates), (std::vector<DocId>{6, 7}));
  EXPECT_TRUE(build_index(std::vector<Document>())->search(query).candidates.empty());
}

TEST(Engine, WordsWithHalfTheirLettersInCommonAreNear) {
  const auto index = build_index({{.server = "a", .name = "weather", .description = "Погода"},
                                  {.server = "b", .name = "open", .description = "Datei"}});
  for (const char* text : {"непогоды", "weathercock"}) {
    const Ranking ranking = index->search({.description = text});
    ASSERT_FALSE(ranking.candidates.empty()) << text;
    EXPECT_EQ(ranking.candidates[0].doc, 0U) << text;
    EXPECT_GT(ranking.candidates[0].score, 0) << text;
  }
}

TEST(Engine, WordsOfOtherLanguagesFindTheirTools) {
  const auto index = build_index({{.server = "a", .name = "read", .description = "ファイルを読む"},
                                  {.server = "b", .name = "open", .description = "Datei öffnen"},
                                  {.server = "c", .name = "weather", .description = "Погода"}});
  const auto first = [&](const char* text) {
    return index->search({.description = text}).hits.at(0).doc;
  };
  EXPECT_EQ(first("ファイル"), 0U);
  EXPECT_EQ(first("bitte eine DATEI OFFNEN"), 1U);
  EXPECT_EQ(first("погода в Москве"), 2U);
  EXPECT_EQ(first("请 open api v2"), 1U);
}

std::vector<Document> flooding(std::size_t count) {
  const char* text = "Search pages of the whole web by words; shows titles, links and snippets";
  std::vector<Document> out(count, {.server = "flood", .description = text});
  for (std::size_t i = 0; i < count; ++i) out[i].name = "search_pages_" + std::to_string(i);
  return out;
}

TEST(Engine, RepeatsOfOneServerMakePlace) {
  auto tools = flooding(20);
  tools.push_back({.server = "web", .name = "find_pages", .description = "Find pages quickly"});
  const auto hits = ids(build_index(tools)->search({.description = "search pages"}).hits);
  EXPECT_EQ(std::ranges::find(hits, 20U) - hits.begin(), 2);
}

TEST(Engine, OneServerDoesNotFillTheList) {
  auto tools = flooding(20);
  for (std::size_t i = 0; i < tools.size(); ++i) {
    tools[i].description += " z" + std::to_string(i) + " y" + std::to_string(i);
  }
  tools.push_back(
      {.server = "web",
       .name = "look_up",
       .description = "Search for pages of old books, among many shelves of a library"});
  const auto index = build_index(tools);
  const auto hits = index->search({.description = "search pages"}).hits;
  EXPECT_EQ(hits.at(7).doc, 20U);
  const Explanation why = index->explain({.description = "search pages"}, 20);
  EXPECT_GT(why.room_part, 0);
  EXPECT_NEAR(why.score(), hits.at(7).score, 1e-5);
}

TEST(Engine, ReadsALongQueryOnlyInPart) {
  const auto index = build_index(some_tools());
  const std::string filler(kMaxQueryBytes, 'x');
  const Ranking middle = index->search({.description = filler + " list_issues " + filler});
  EXPECT_TRUE(middle.hits.empty());
  EXPECT_NE(middle.note.find("the first 48 and the last 16 KiB"), std::string::npos);
  EXPECT_FALSE(middle.candidates.empty());
  EXPECT_EQ(index->search({.description = filler + " list_issues"}).hits.at(0).doc, 2U);
  EXPECT_EQ(index->search({.description = "list_issues " + filler}).hits.at(0).doc, 2U);
  EXPECT_EQ(index->search({.description = "xyzzy"}).note.find("KiB"), std::string::npos);
}

TEST(Engine, ReadsTheEndOfTenThousandWords) {
  const auto index = build_index(some_tools());
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "zqxj" + std::to_string(i) + ' ';
  EXPECT_EQ(index->search({.description = text + "search code"}).hits.at(0).doc, 1U);
}

// Some .01 s each; .5 without optimisation, more with sanitizers.
TEST(Engine, MegabytesTakeBoundedTime) {
  const auto index = build_index(random_documents(500, 8));
  for (const std::string unit : {"a", "a.", "get_user__", "find issue ", "s1.find_mail, ", "\"`'",
                                 "without reading a page, ", "\u6587", "A user. "}) {
    std::string text;
    while (text.size() < 4'000'000) text += unit;
    const auto begin = std::chrono::steady_clock::now();
    index->search({.description = text, .keywords = text});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    RecordProperty(unit, std::to_string(took.count()));
    EXPECT_LT(took.count(), 5) << unit;
  }
}

}  // namespace
}  // namespace mcpo::search
