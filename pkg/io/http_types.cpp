#include "pkg/io/http_types.h"

#include <algorithm>
#include <cctype>

#include "pkg/base/strings.h"

namespace kuma::io {

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

void HttpHeaders::Set(std::string_view name, std::string value) {
  Remove(name);
  Add(std::string(name), std::move(value));
}

void HttpHeaders::Remove(std::string_view name) {
  std::erase_if(entries_, [name](const auto& entry) { return EqualsIgnoreCase(entry.first, name); });
}

const std::string* HttpHeaders::Find(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (EqualsIgnoreCase(key, name)) return &value;
  }
  return nullptr;
}

std::string_view HttpHeaders::Get(std::string_view name) const {
  const std::string* value = Find(name);
  return value != nullptr ? std::string_view(*value) : std::string_view();
}

bool HttpHeaders::HasToken(std::string_view name, std::string_view token) const {
  for (const auto& [key, value] : entries_) {
    if (!EqualsIgnoreCase(key, name)) continue;
    for (const std::string& part : Split(value, ',')) {
      // A parameter such as ";q=0.5" does not belong to the word; ";q=0" refuses it.
      const std::vector<std::string> pieces = Split(part, ';');
      if (pieces.empty() || !EqualsIgnoreCase(Trim(pieces[0]), token)) continue;
      const std::string weight = pieces.size() > 1 ? ReplaceAll(pieces[1], " ", "") : "";
      if (weight != "q=0" && weight != "q=0.0") return true;
    }
  }
  return false;
}

std::string_view StatusText(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Request Entity Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Entity";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Status";
  }
}

namespace {

bool EscapesAreWhole(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || std::isxdigit(static_cast<unsigned char>(text[i + 1])) == 0 || std::isxdigit(static_cast<unsigned char>(text[i + 2])) == 0) return false;
  }
  return true;
}

std::string DecodeQuery(std::string_view text) { return UrlDecode(ReplaceAll(std::string(text), "+", " ")); }

}  // namespace

Result<HttpTarget> ParseHttpTarget(std::string_view target) {
  HttpTarget result;
  if (const size_t hash = target.find('#'); hash != std::string_view::npos) target = target.substr(0, hash);
  // The absolute form, which proxies send.
  if (const size_t scheme = target.find("://"); scheme != std::string_view::npos && !target.starts_with('/')) {
    const size_t slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  const size_t mark = target.find('?');
  const std::string_view path = target.substr(0, mark);
  if (!EscapesAreWhole(path)) return Invalid("broken escape in the path");
  result.path = UrlDecode(path);
  if (result.path.find('\0') != std::string::npos) return Invalid("NUL in the path");
  for (const std::string& segment : Split(path, '/')) {
    if (!segment.empty()) result.segments.push_back(UrlDecode(segment));
  }
  if (mark == std::string_view::npos) return result;
  for (const std::string& pair : Split(target.substr(mark + 1), '&')) {
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const std::string_view view = pair;
    result.query.emplace(DecodeQuery(view.substr(0, equals)), equals == std::string::npos ? std::string() : DecodeQuery(view.substr(equals + 1)));
  }
  return result;
}

std::string HttpRequest::Query(const std::string& name) const {
  auto it = query.find(name);
  return it == query.end() ? std::string() : it->second;
}

}  // namespace kuma::io
