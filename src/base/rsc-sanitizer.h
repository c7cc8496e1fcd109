/* RSC_SANITIZER_ALLOCATES: a sanitizer has brought an allocator of its own, and
 * the C library's is not in use, nor set up. */
#pragma once

#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
#define RSC_SANITIZER_ALLOCATES
#elif defined (__has_feature)
#if __has_feature (address_sanitizer) || __has_feature (thread_sanitizer)
#define RSC_SANITIZER_ALLOCATES
#endif
#endif
