/**
 * The little of Elasticsearch's analysis-common module that its own index of API keys is made with.
 *
 * The distribution for plug-in tests lacks that module, and so cannot make an API key: the index keeps e-mail
 * addresses with an analyser of their own. Nobody searches by them in our tests, so words come out as they are.
 */
package muniment.tests;

import java.util.Map;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;

public final class EmailAnalysis extends Plugin implements AnalysisPlugin {

    @Override
    public Map<String, AnalysisProvider<TokenizerFactory>> getTokenizers() {
        return Map.of(
            "uax_url_email",
            (index, environment, name, settings) -> TokenizerFactory.newFactory(name, UAX29URLEmailTokenizer::new)
        );
    }

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        AnalysisProvider<TokenFilterFactory> asTheyAre = (index, environment, name, settings) -> new AsTheyAre(name);
        return Map.of("pattern_capture", asTheyAre, "unique", asTheyAre);
    }

    private record AsTheyAre(String name) implements TokenFilterFactory {
        @Override
        public TokenStream create(TokenStream words) {
            return words;
        }
    }
}
