// JPEG with the discrete cosine transform: baseline, extended (8 and 12 bit) and progressive.
import { decodeJpeg } from './jpegdct';
import { serve } from './serve';

serve('jpeg', (job) => decodeJpeg(job));
