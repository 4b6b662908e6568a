// Boost.URL compiled here, once: Debian 12 has its headers but no library of it.
#include <boost/url/src.hpp>
