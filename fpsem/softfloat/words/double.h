/* Binary64: each operation rounded to nearest even by itself. On a GPU the intrinsics keep the compiler from contracting; on a
 * CPU the compiler must not: gcc with -std=c99 does not, g++ and the GNU dialects need -ffp-contract=off. */
#if defined(__CUDA_ARCH__)
static __device__ inline double fpsem_add(double x, double y) { return __dadd_rn(x, y); }
static __device__ inline double fpsem_sub(double x, double y) { return __dsub_rn(x, y); }
static __device__ inline double fpsem_mul(double x, double y) { return __dmul_rn(x, y); }
static __device__ inline double fpsem_div(double x, double y) { return __ddiv_rn(x, y); }
static __device__ inline double fpsem_sqrt(double x) { return __dsqrt_rn(x); }
#else
static __host__ inline double fpsem_add(double x, double y) { return x + y; }
static __host__ inline double fpsem_sub(double x, double y) { return x - y; }
static __host__ inline double fpsem_mul(double x, double y) { return x * y; }
static __host__ inline double fpsem_div(double x, double y) { return x / y; }
static __host__ inline double fpsem_sqrt(double x) { return __builtin_sqrt(x); }
#endif

/* Codes and numbers; a union is C99's way and that of every compiler meant here. */
static __host__ __device__ inline uint64_t fpsem_bits(double x)
{
    union { double number; uint64_t code; } either;
    either.number = x;
    return either.code;
}

static __host__ __device__ inline double fpsem_double(uint64_t code)
{
    union { uint64_t code; double number; } either;
    either.code = code;
    return either.number;
}

static __host__ __device__ inline double fpsem_widen(uint64_t code)
{
    union { uint32_t code; float number; } either;
    either.code = (uint32_t)code;
    return (double)either.number;
}

static __host__ __device__ inline uint64_t fpsem_narrow(double x)
{
    union { float number; uint32_t code; } either;
    either.number = (float)x;
    return (uint64_t)either.code;
}
